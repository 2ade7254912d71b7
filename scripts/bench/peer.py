"""The peer's side of a benchmark: PyTorch with diffusers and transformers, as the blog uses them.

Takes orders from stdin, one JSON object a line, and answers each with one line. The task is the
first argument; ours.cjs does the same task with the library.
"""

import json
import os
import sys

import torch
import torch.nn.functional as F
from diffusers import DDPMScheduler, UNet2DConditionModel
from diffusers.schedulers import scheduling_ddpm
from peer_device import Device, in_mode
from safetensors.torch import load_file
from transformers import CLIPTextModel


def peak_gb():
    """The most memory this process ever held (resident), in GB."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e9


def load(task, device):
    folder = task["inputs"]
    with open(os.path.join(folder, "inputs.json")) as file:
        numbers = json.load(file)
    unet = UNet2DConditionModel.from_pretrained(os.path.join(folder, "unet"))
    tensors = load_file(os.path.join(folder, "tensors.safetensors"), device=device.name)
    return unet.to(device.name), numbers, tensors


def text_encoder(task, device):
    return CLIPTextModel.from_pretrained(os.path.join(task["inputs"], "text_encoder")).to(device.name)


class InPrecision:
    """Runs in the task's precision; with `faster` in float32 at first, where `choose` may find bfloat16 faster."""

    def __init__(self, task):
        self.task = task
        self.device = Device(task)
        self.precision = "bfloat16" if task.get("precision") == "bfloat16" else "float32"

    def autocast(self):
        return self.device.autocast(self.precision)

    def choose(self):
        times = {"float32": [], "bfloat16": []}
        for _ in range(3):
            for self.precision in times:
                times[self.precision].append(self.run()[0])
        self.precision = min(times, key=lambda name: min(times[name]))


class Training(InPrecision):
    """One step: noise, prediction, backward, AdamW. What `text` does is said in cases.mjs."""

    def __init__(self, task):
        super().__init__(task)
        self.unet, numbers, self.tensors = load(task, self.device)
        self.batches = numbers["batches"]
        self.ids = torch.tensor(numbers["ids"], device=self.device.name)
        self.scheduler = DDPMScheduler(1000, beta_schedule="squaredcos_cap_v2")
        trained = list(self.unet.parameters())
        if task["text"] != "given":
            self.text_encoder = text_encoder(task, self.device)
        if task["text"] == "fine-tune":
            trained += list(self.text_encoder.parameters())
        self.optimizer = torch.optim.AdamW(trained, lr=1e-3)
        self.unet.train()
        self.model = in_mode(self.unet, task)
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
        numbers = lambda name: torch.tensor(self.batches[i][name][:size], device=self.device.name)
        labels, timesteps = numbers("labels"), numbers("timesteps")
        images = channels_first("images").contiguous()
        noise = channels_first("noise").contiguous()
        start = self.device.now()
        noisy = self.scheduler.add_noise(images, noise, timesteps)
        with self.autocast():
            context = self.context(labels)
            prediction = self.model(noisy, timesteps, encoder_hidden_states=context, return_dict=False)[0]
            loss = F.mse_loss(prediction.float(), noise)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        value = loss.item()
        return self.device.now() - start, value


class Sampling(InPrecision):
    """Images from noise with guidance, one UNet call a step for both branches."""

    def __init__(self, task):
        super().__init__(task)
        unet, numbers, self.tensors = load(task, self.device)
        self.model = in_mode(unet, task)
        ids = torch.tensor(numbers["ids"], device=self.device.name)
        # the last row is the empty text, row 4 the caption of the digit 4
        self.ids = ids[[-1, 4]]
        self.text_encoder = text_encoder(task, self.device)
        self.scheduler = DDPMScheduler(1000, beta_schedule="squaredcos_cap_v2")
        self.drawn = 0
        # The scheduler draws its noise with this function: here it gets ours.
        scheduling_ddpm.randn_tensor = lambda *_, **__: self.noise()

    def noise(self):
        count = self.task["images"]
        noise = self.tensors[f"sampling.{self.drawn}"][:count].permute(0, 3, 1, 2)
        self.drawn += 1
        return noise.contiguous()

    def predict(self, sample, t, uncond, cond):
        count, guidance = len(sample), self.task["guidance"]
        if guidance == 1:
            with self.autocast():
                return self.model(sample, t, torch.stack([cond] * count), return_dict=False)[0].float()
        context = torch.stack([uncond] * count + [cond] * count)
        with self.autocast():
            both = self.model(torch.cat([sample] * 2), t, context, return_dict=False)[0]
        u, c = both.float().chunk(2)
        return u + guidance * (c - u)

    @torch.no_grad()
    def run(self):
        start = self.device.now()
        self.drawn = 0
        uncond, cond = self.text_encoder(self.ids).last_hidden_state
        self.scheduler.set_timesteps(self.task["steps"])
        sample = self.noise()
        for t in self.scheduler.timesteps:
            output = self.predict(sample, t, uncond, cond)
            sample = self.scheduler.step(output, t, sample).prev_sample
        images = (sample / 2 + 0.5).clamp(0, 1)
        return self.device.now() - start, images.flatten()[::97].tolist()


def main():
    task = json.loads(sys.argv[1])
    torch.manual_seed(0)
    work = {"train": Training, "sample": Sampling}[task["kind"]](task)
    facts = {"version": f"PyTorch {torch.__version__}", "threads": torch.get_num_threads()}
    answer({**facts, **work.device.facts()})
    for order, line in enumerate(sys.stdin):
        # The first order is checked; what follows is timed.
        if order == 1 and task.get("precision") == "faster":
            work.choose()
        runs = [work.run() for _ in range(json.loads(line)["steps"])]
        seconds, results = zip(*runs)
        done = {"seconds": seconds, "results": results, "precision": work.precision, "peak": peak_gb()}
        answer({**done, **work.device.memory()})


def answer(message):
    print(json.dumps(message), flush=True)


main()
