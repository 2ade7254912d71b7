"""Loads adapters that we saved, by diffusers and peft, and predicts with them.

In the folder: `model` (unet, text_encoder), inputs.safetensors with sample, timestep, context and ids, and a folder for each
spelling. Written: out.safetensors with `<spelling>.unet` and `.text`.
"""
import os, sys
import torch
from diffusers import DDPMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel

torch.set_num_threads(2)
folder = sys.argv[1]
at = lambda *names: os.path.join(folder, *names)
inputs = load_file(at("inputs.safetensors"))
out = {}


def predict(unet):
    return unet(inputs["sample"], inputs["timestep"], encoder_hidden_states=inputs["context"]).sample


with torch.no_grad():
    for spelling in ("diffusers", "scripts", "kohya"):
        pipe = StableDiffusionPipeline(
            vae=None, tokenizer=None, scheduler=DDPMScheduler(), safety_checker=None, feature_extractor=None,
            unet=UNet2DConditionModel.from_pretrained(at("model", "unet")), requires_safety_checker=False,
            text_encoder=CLIPTextModel.from_pretrained(at("model", "text_encoder")))
        pipe.load_lora_weights(at(spelling))
        out[f"{spelling}.unet"] = predict(pipe.unet)
        out[f"{spelling}.text"] = pipe.text_encoder(inputs["ids"]).last_hidden_state
    unet = UNet2DConditionModel.from_pretrained(at("model", "unet"))
    out["peft.unet"] = predict(PeftModel.from_pretrained(unet, at("peft")))
save_file({key: value.contiguous() for key, value in out.items()}, at("out.safetensors"))
