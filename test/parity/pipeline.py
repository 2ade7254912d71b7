"""Loads a checkpoint of ours part by part and as a whole, and samples from it with noise that we drew.

In the folder: `model`, the checkpoint; prompts.json, a list of texts; inputs.safetensors with `noise.<i>` for the start (0)
and each step, [B, C, H, W]; settings.json with `steps` and `guidance`. Written: found.json, what the parts say of
themselves, and out.safetensors: the text's embedding, x after each step, the last images and what the whole
StableDiffusionPipeline predicts.
"""
import json, os, sys
import torch
import diffusers.schedulers.scheduling_ddpm as scheduling_ddpm
from diffusers import DDPMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer
from safetensors.torch import load_file, save_file

torch.set_num_threads(2)
folder = sys.argv[1]
model = os.path.join(folder, "model")
read = lambda name: json.load(open(os.path.join(folder, name)))
prompts, settings = read("prompts.json"), read("settings.json")
inputs = load_file(os.path.join(folder, "inputs.safetensors"))

unet, unet_info = UNet2DConditionModel.from_pretrained(model, subfolder="unet", output_loading_info=True,
                                                       low_cpu_mem_usage=False)
text_encoder, text_info = CLIPTextModel.from_pretrained(model, subfolder="text_encoder", output_loading_info=True)
tokenizer = CLIPTokenizer.from_pretrained(model, subfolder="tokenizer")
scheduler = DDPMScheduler.from_pretrained(model, subfolder="scheduler")


def encode(texts):
    ids = tokenizer(texts, padding="max_length", truncation=True, max_length=8, return_tensors="pt").input_ids
    return ids, text_encoder(ids).last_hidden_state


with torch.no_grad():
    ids, cond = encode(prompts)
    _, uncond = encode([""] * len(prompts))
    out = {"cond": cond}

    # The loop of the blog, with noise that is given instead of drawn.
    given = iter([inputs[f"noise.{i + 1}"] for i in range(settings["steps"])])
    scheduling_ddpm.randn_tensor = lambda *_, **__: next(given)
    scheduler.set_timesteps(settings["steps"])
    context = torch.cat([uncond, cond])
    x = inputs["noise.0"]
    for i, t in enumerate(scheduler.timesteps):
        u, c = unet(torch.cat([x] * 2), t, encoder_hidden_states=context).sample.chunk(2)
        x = scheduler.step(u + settings["guidance"] * (c - u), t, x).prev_sample
        out[f"x.{i + 1}"] = x
    out["images"] = (x / 2 + 0.5).clamp(0, 1)

    whole = StableDiffusionPipeline.from_pretrained(model, vae=None)
    out["whole"] = whole.unet(inputs["noise.0"], 500, encoder_hidden_states=whole.text_encoder(ids).last_hidden_state).sample
    out["parts"] = unet(inputs["noise.0"], 500, encoder_hidden_states=cond).sample

found = {
    "problems": [{k: list(v) for k, v in info.items() if v} for info in (unet_info, text_info)],
    "ids": ids.tolist(),
    "timesteps": scheduler.timesteps.tolist(),
    "scheduler": {k: v for k, v in scheduler.config.items() if not k.startswith("_")},
    "whole": {k: type(v).__name__ for k, v in whole.components.items()},
    "parameters": sum(p.numel() for p in unet.parameters()),
}
json.dump(found, open(os.path.join(folder, "found.json"), "w"))
save_file({k: v.contiguous() for k, v in out.items()}, os.path.join(folder, "out.safetensors"))
