"""Runs the pipelines that random-folders.test.ts saved, and saves pipelines of the same configs made in Python.

In the folder: cases.json, by name the configs `unet`, `text` and `scheduler`, `maxLength` and `steps`; texts.json;
`<name>.safetensors`, the inputs; `ours/<name>`, a pipeline as our saveCheckpoint writes it. Written: `theirs/<name>`, and
`<name>.out.safetensors`: for `ours` and `theirs` the token ids, the text encoder's outputs, the UNet's with that context, and
the images after each step of the scheduler from the same inputs.
"""
import json, os, sys
import torch
import diffusers.schedulers.scheduling_ddpm as scheduling_ddpm
from diffusers import DDPMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer
from safetensors.torch import load_file, save_file

torch.set_num_threads(2)
folder = sys.argv[1]
read = lambda name: json.load(open(os.path.join(folder, name)))
cases, texts = read("cases.json"), read("texts.json")


def moved(model):
    for parameter in model.parameters():
        parameter.add_(torch.randn(parameter.shape) * (0.1 if parameter.ndim == 1 else 0.02))
    return model.eval()


def outputs(parts, case, inputs):
    unet, text_encoder, tokenizer, scheduler = parts
    ids = tokenizer(texts, padding="max_length", truncation=True, max_length=case["maxLength"], return_tensors="pt").input_ids
    encoded = text_encoder(ids)
    predicted = unet(inputs["sample"], inputs["timestep"].long(), encoder_hidden_states=encoded.last_hidden_state).sample
    found = {"ids": ids.int(), "hidden": encoded.last_hidden_state, "pooled": encoded.pooler_output, "predicted": predicted}
    scheduling_ddpm.randn_tensor = lambda *_, **__: inputs["noise"]
    scheduler.set_timesteps(case["steps"])
    found["timesteps"] = scheduler.timesteps.int()
    for i, t in enumerate(scheduler.timesteps):
        found[f"step.{i}"] = scheduler.step(inputs["output"], t, inputs["sample"]).prev_sample
    noisy = torch.randint(0, len(scheduler.betas), (2,), generator=torch.Generator().manual_seed(1))
    found["noisy.timesteps"] = noisy.int()
    found["noisy"] = scheduler.add_noise(inputs["sample"], inputs["noise"], noisy)
    return found


def part_by_part(path):
    """Each part by itself: the pipeline changes the scheduler's config. Every weight has to be taken."""
    unet, unet_info = UNet2DConditionModel.from_pretrained(path, subfolder="unet", output_loading_info=True,
                                                           low_cpu_mem_usage=False)
    text, text_info = CLIPTextModel.from_pretrained(path, subfolder="text_encoder", output_loading_info=True)
    problems = [{k: list(v) for k, v in info.items() if v} for info in (unet_info, text_info)]
    if any(problems):
        raise SystemExit(f"{path}: not every weight was taken: {problems}")
    tokenizer = CLIPTokenizer.from_pretrained(path, subfolder="tokenizer")
    return unet.eval(), text.eval(), tokenizer, DDPMScheduler.from_pretrained(path, subfolder="scheduler")


with torch.no_grad():
    for i, (name, case) in enumerate(cases.items()):
        inputs = load_file(os.path.join(folder, f"{name}.safetensors"))
        path = os.path.join(folder, "ours", name)
        parts = part_by_part(path)
        found = {f"ours.{k}": v for k, v in outputs(parts, case, inputs).items()}
        whole = StableDiffusionPipeline.from_pretrained(path, vae=None)
        hidden = whole.text_encoder(found["ours.ids"].long()).last_hidden_state
        found["ours.whole"] = whole.unet(inputs["sample"], inputs["timestep"].long(), encoder_hidden_states=hidden).sample

        torch.manual_seed(i)
        text = {**case["text"], "initializer_factor": float(case["text"]["initializer_factor"])}  # 1 would be refused
        made = StableDiffusionPipeline(
            unet=moved(UNet2DConditionModel(**case["unet"])), text_encoder=moved(CLIPTextModel(CLIPTextConfig(**text))),
            tokenizer=parts[2], scheduler=DDPMScheduler(**case["scheduler"]), vae=None, safety_checker=None,
            feature_extractor=None, requires_safety_checker=False)
        scheduler = DDPMScheduler(**case["scheduler"])
        theirs = os.path.join(folder, "theirs", name)
        made.save_pretrained(theirs)
        scheduler.save_pretrained(os.path.join(theirs, "scheduler"))
        parts = (made.unet, made.text_encoder, made.tokenizer, scheduler)
        found |= {f"theirs.{k}": v for k, v in outputs(parts, case, inputs).items()}
        save_file({k: v.contiguous() for k, v in found.items()}, os.path.join(folder, f"{name}.out.safetensors"))
