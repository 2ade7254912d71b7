"""Runs transformers' CLIP text models on what clip.test.ts saved, and saves models of its own.

In the folder: cases.json, a text config by name; ids.safetensors, token ids by the same names; `ours/<name>`, models as
our savePretrained writes them. Written: `theirs/<name>`, models that transformers made, and `<name>.out.safetensors`,
hidden states and pooled outputs of both. The extra cases `prefixed` and `joint` hold the weights of `small` with the names
that transformers before 5 saved, and a CLIPModel with its vision part.
"""
import json, os, shutil, sys
import torch
from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPTextModel
from safetensors.torch import load_file, save_file

torch.set_num_threads(2)
folder = sys.argv[1]
with open(os.path.join(folder, "cases.json")) as file:
    cases = json.load(file)
ids = load_file(os.path.join(folder, "ids.safetensors"))


def perturb(model):
    for parameter in model.parameters():
        parameter.add_(torch.randn(parameter.shape) * (0.1 if parameter.ndim == 1 else 0.01))
    return model.eval()


def run(model, name):
    output = model(input_ids=ids[name].long())
    return {"hidden": output.last_hidden_state, "pooled": output.pooler_output}


def save(name, **outputs):
    tensors = {f"{who}.{key}": v.contiguous() for who, o in outputs.items() for key, v in o.items()}
    save_file(tensors, os.path.join(folder, f"{name}.out.safetensors"))


with torch.no_grad():
    for i, (name, config) in enumerate(cases.items()):
        ours, info = CLIPTextModel.from_pretrained(os.path.join(folder, "ours", name), output_loading_info=True)
        problems = {key: value for key, value in info.items() if value}
        if problems:
            raise SystemExit(f"{name}: transformers did not take every weight: {problems}")
        torch.manual_seed(i)
        theirs = perturb(CLIPTextModel(CLIPTextConfig(**config)))
        theirs.save_pretrained(os.path.join(folder, "theirs", name))
        save(name, ours=run(ours.eval(), name), theirs=run(theirs, name))

    small = os.path.join(folder, "theirs", "small")
    prefixed = os.path.join(folder, "theirs", "prefixed")
    os.makedirs(prefixed)
    shutil.copy(os.path.join(small, "config.json"), prefixed)
    weights = load_file(os.path.join(small, "model.safetensors"))
    weights = {f"text_model.{key.removeprefix('text_model.')}": value for key, value in weights.items()}
    weights["text_model.embeddings.position_ids"] = torch.arange(77).unsqueeze(0)  # a constant, saved in those days
    save_file(weights, os.path.join(prefixed, "model.safetensors"), {"format": "pt"})

    vision = dict(hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=16, patch_size=8)
    # The ids of openai/clip-vit-base-patch32's own config.json, which are not the tokenizer's.
    old_ids = dict(bos_token_id=0, eos_token_id=2, pad_token_id=1)
    joint = perturb(CLIPModel(CLIPConfig(text_config={**cases["small"], **old_ids}, vision_config=vision, projection_dim=16)))
    joint.save_pretrained(os.path.join(folder, "theirs", "joint"))
    save("joint", theirs=run(joint.text_model, "small"))
