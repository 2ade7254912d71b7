"""Runs diffusers' UNet2DConditionModel on the models that unet.test.ts saved, and saves models of its own.

In the folder: cases.json, a config by name; `<name>.safetensors`, the inputs; `ours/<name>`, a model as our
savePretrained writes it. Written: `theirs/<name>`, a model of the same config made by diffusers;
`<name>.out.safetensors`, the outputs of both, named `ours` and `theirs`. The case whose skip connections have the
shapes in residuals.safetensors is run with these added, too: `controlled`, of our model.
"""
import json, os, sys
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file

torch.set_num_threads(2)
folder = sys.argv[1]
with open(os.path.join(folder, "cases.json")) as file:
    cases = json.load(file)

with torch.no_grad():
    for i, (name, config) in enumerate(cases.items()):
        inputs = load_file(os.path.join(folder, f"{name}.safetensors"))
        run = lambda model: model.eval()(inputs["sample"], inputs["timestep"].long(), inputs["context"]).sample

        ours, info = UNet2DConditionModel.from_pretrained(os.path.join(folder, "ours", name), output_loading_info=True,
                                                          low_cpu_mem_usage=False)
        problems = {key: value for key, value in info.items() if value}
        if problems:
            raise SystemExit(f"{name}: diffusers did not take every weight: {problems}")

        torch.manual_seed(i)
        theirs = UNet2DConditionModel(**config)
        for parameter in theirs.parameters():
            parameter.add_(torch.randn(parameter.shape) * (0.1 if parameter.ndim == 1 else 0.02))
        theirs.save_pretrained(os.path.join(folder, "theirs", name))
        outputs = {"ours": run(ours), "theirs": run(theirs)}
        if name == "attention everywhere, 16 groups, odd size":
            residuals = load_file(os.path.join(folder, "residuals.safetensors"))
            down = tuple(residuals[f"down.{i}"] for i in range(len(residuals) - 1))
            outputs["controlled"] = ours.eval()(
                inputs["sample"], inputs["timestep"].long(), inputs["context"],
                down_block_additional_residuals=down, mid_block_additional_residual=residuals["mid"],
            ).sample
        save_file({k: v.contiguous() for k, v in outputs.items()}, os.path.join(folder, f"{name}.out.safetensors"))
