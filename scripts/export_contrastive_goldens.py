"""Writes test/fixtures/contrastive/case.safetensors: CLIP's loss and its gradients as torch computes them.

    .venv-parity/bin/python scripts/export_contrastive_goldens.py test/fixtures/contrastive

The lines are those of figure 3 of Radford et al. 2021, with torch's `normalize` and `cross_entropy`.
"""
import os, sys
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
generator = torch.Generator().manual_seed(17)
pictures = torch.randn(6, 10, generator=generator).requires_grad_()
captions = (0.7 * pictures.detach() + 3 * torch.randn(6, 10, generator=generator)).requires_grad_()
logit_scale = torch.tensor(1.3, requires_grad=True)

logits = logit_scale.exp() * F.normalize(pictures, dim=1) @ F.normalize(captions, dim=1).T
own = torch.arange(len(logits))
loss = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
loss.backward()
out = {"pictures": pictures, "captions": captions, "logit_scale": logit_scale.reshape(1), "loss": loss.reshape(1)}
for name, tensor in [("pictures", pictures), ("captions", captions), ("logit_scale", logit_scale)]:
    out[f"grad.{name}"] = tensor.grad.reshape(-1) if tensor.ndim == 0 else tensor.grad
save_file({name: tensor.detach().contiguous() for name, tensor in out.items()}, os.path.join(folder, "case.safetensors"))
