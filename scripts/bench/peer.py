"""The peer's side of a benchmark: PyTorch with diffusers and transformers, as the blog uses them.

Takes orders from stdin, one JSON object a line, and answers each with one line. The task is the
first argument; ours.cjs does the same task with the library.
"""

import json
import os
import sys
import time

import torch
import torch.nn.functional as F
from diffusers import DDPMScheduler, UNet2DConditionModel
from diffusers.schedulers import scheduling_ddpm
from safetensors.torch import load_file
from transformers import CLIPTextModel


def peak_gb():
    """The most memory this process ever held (resident), in GB."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e9


def load(task):
    folder = task["inputs"]
    with open(os.path.join(folder, "inputs.json")) as file:
        numbers = json.load(file)
    unet = UNet2DConditionModel.from_pretrained(os.path.join(folder, "unet"))
    tensors = load_file(os.path.join(folder, "tensors.safetensors"))
    return unet, numbers, tensors


def text_encoder(task):
    return CLIPTextModel.from_pretrained(os.path.join(task["inputs"], "text_encoder"))


class Training:
    """One step: noise, prediction, backward, AdamW. What `text` does is said in cases.mjs."""

    def __init__(self, task):
        self.task = task
        self.unet, numbers, self.tensors = load(task)
        self.batches = numbers["batches"]
        self.ids = torch.tensor(numbers["ids"])
        self.scheduler = DDPMScheduler(1000, beta_schedule="squaredcos_cap_v2")
        trained = list(self.unet.parameters())
        if task["text"] != "given":
            self.text_encoder = text_encoder(task)
        if task["text"] == "fine-tune":
            trained += list(self.text_encoder.parameters())
        self.optimizer = torch.optim.AdamW(trained, lr=1e-3)
        self.unet.train()
        self.count = 0

    def context(self, labels):
        if self.task["text"] == "given":
            return self.tensors["embeddings"][labels]
        return self.text_encoder(self.ids[labels]).last_hidden_state

    def run(self):
        i = self.count % len(self.batches)
        self.count += 1
        size = self.task["batch"]
        channels_first = lambda name: self.tensors[f"{name}.{i}"][:size].permute(0, 3, 1, 2)
        labels = torch.tensor(self.batches[i]["labels"][:size])
        timesteps = torch.tensor(self.batches[i]["timesteps"][:size])
        images = channels_first("images").contiguous()
        noise = channels_first("noise").contiguous()
        start = time.perf_counter()
        noisy = self.scheduler.add_noise(images, noise, timesteps)
        context = self.context(labels)
        prediction = self.unet(noisy, timesteps, encoder_hidden_states=context, return_dict=False)[0]
        loss = F.mse_loss(prediction, noise)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        value = loss.item()
        return time.perf_counter() - start, value


class Sampling:
    """Images from noise with guidance, one UNet call a step for both branches."""

    def __init__(self, task):
        self.task = task
        self.unet, numbers, self.tensors = load(task)
        ids = torch.tensor(numbers["ids"])
        # the last row is the empty text, row 4 the caption of the digit 4
        self.ids = ids[[-1, 4]]
        self.text_encoder = text_encoder(task)
        self.scheduler = DDPMScheduler(1000, beta_schedule="squaredcos_cap_v2")
        self.drawn = 0
        # The scheduler draws its noise with this function: here it gets ours.
        scheduling_ddpm.randn_tensor = lambda *_, **__: self.noise()

    def noise(self):
        count = self.task["images"]
        noise = self.tensors[f"sampling.{self.drawn}"][:count].permute(0, 3, 1, 2)
        self.drawn += 1
        return noise.contiguous()

    @torch.no_grad()
    def run(self):
        count = self.task["images"]
        start = time.perf_counter()
        self.drawn = 0
        uncond, cond = self.text_encoder(self.ids).last_hidden_state
        context = torch.stack([uncond] * count + [cond] * count)
        self.scheduler.set_timesteps(self.task["steps"])
        sample = self.noise()
        for t in self.scheduler.timesteps:
            both = self.unet(torch.cat([sample] * 2), t, context, return_dict=False)[0]
            u, c = both.chunk(2)
            output = u + self.task["guidance"] * (c - u)
            sample = self.scheduler.step(output, t, sample).prev_sample
        images = (sample / 2 + 0.5).clamp(0, 1)
        return time.perf_counter() - start, images.flatten()[::97].tolist()


def main():
    task = json.loads(sys.argv[1])
    torch.manual_seed(0)
    work = {"train": Training, "sample": Sampling}[task["kind"]](task)
    answer({"version": f"PyTorch {torch.__version__}", "threads": torch.get_num_threads()})
    for line in sys.stdin:
        runs = [work.run() for _ in range(json.loads(line)["steps"])]
        seconds, results = zip(*runs)
        answer({"seconds": seconds, "results": results, "peak": peak_gb()})


def answer(message):
    print(json.dumps(message), flush=True)


main()
