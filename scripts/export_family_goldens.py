"""Writes the cases of adapters, image to image, inpainting and flow matching, as peft and diffusers compute them.

    .venv-parity/bin/python scripts/export_family_goldens.py test/fixtures [lora] [pictures] [inpainting] [flow]

As the other cases (export_goldens.py): inputs and weights are drawn from a seed, what is expected is kept.
"""
import argparse, logging
import torch

from goldens import flow, inpainting, lora, pictures

CASES = {"lora": lora.export, "pictures": pictures.export, "inpainting": inpainting.export, "flow": flow.export}
parser = argparse.ArgumentParser()
parser.add_argument("out")
parser.add_argument("cases", nargs="*", choices=[[], *CASES], default=[])
options = parser.parse_args()
torch.set_num_threads(2)
logging.getLogger("diffusers").setLevel(logging.ERROR)
for name in options.cases or CASES:
    CASES[name](options.out)
