"""Writes test/fixtures/nn/case.safetensors: small inputs, outputs and gradients of torch's functions and layers.

    .venv-parity/bin/python scripts/export_nn_goldens.py test/fixtures/nn

Written by torch 2.13.0 on a CPU. Of each case `<name>`: `<name>.in.*` are the inputs and parameters, `<name>.dy` the
gradient that comes from above, `<name>.out` the output and `<name>.grad.*` the gradients, all float32 (ids int64) in
torch's layouts: images NCHW, conv weights OIHW, linear weights [out, in].
"""
import os, sys
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

tensors = {}
generator = torch.Generator().manual_seed(20)


def randn(*shape, scale=1.0, shift=0.0):
    return torch.randn(*shape, generator=generator) * scale + shift


def case(name, function, inputs, constants=()):
    """Runs the function on named inputs, and backwards from a random gradient."""
    leaves = {k: v.clone().requires_grad_() for k, v in inputs.items()}
    y = function(*leaves.values(), *constants)
    dy = randn(*y.shape)
    y.backward(dy)
    tensors.update({f"{name}.in.{k}": v.detach() for k, v in leaves.items()})
    tensors.update({f"{name}.grad.{k}": v.grad for k, v in leaves.items()})
    tensors.update({f"{name}.dy": dy, f"{name}.out": y.detach()})


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


def geglu(x):
    hidden, gate = x.chunk(2, dim=-1)
    return hidden * F.gelu(gate)


far = torch.tensor([[-1e4, -100, -20, -5, -1e-3, 0, 1e-30, 1e-3, 5, 20, 100, 1e4]])
for name, function in {"silu": F.silu, "quick_gelu": quick_gelu, "gelu": F.gelu, "geglu": geglu}.items():
    case(name, function, {"x": randn(3, 5, 8, scale=3)})
    case(f"{name}_far", function, {"x": far})

for name, groups, eps, shape, shift in [
    ("group_norm", 4, 1e-5, (2, 12, 5, 3), 0.0),
    ("group_norm_each_channel", 8, 1e-6, (2, 8, 4, 4), 1.0),
    ("group_norm_one_group", 1, 1e-5, (3, 6, 2, 5), -2.0),
    ("group_norm_far_mean", 2, 1e-5, (2, 4, 6, 6), 50.0),
]:
    C = shape[1]
    inputs = {"x": randn(*shape, scale=2, shift=shift), "weight": randn(C, shift=1), "bias": randn(C)}
    case(name, lambda x, w, b, g=groups, e=eps: F.group_norm(x, g, w, b, e), inputs)
case("layer_norm", lambda x, w, b: F.layer_norm(x, w.shape, w, b, 1e-5),
     {"x": randn(2, 5, 16, scale=2, shift=1), "weight": randn(16, shift=1), "bias": randn(16)})

qkv = lambda L, S: {"query": randn(2, 3, L, 4, scale=2), "key": randn(2, 3, S, 4, scale=2), "value": randn(2, 3, S, 4)}
case("attention", F.scaled_dot_product_attention, qkv(7, 5))
closed = torch.full((6, 6), float("-inf")).triu(1)  # no look ahead
case("attention_causal", F.scaled_dot_product_attention, qkv(6, 6), [closed])
soft = randn(7, 5, scale=3)
case("attention_bias", F.scaled_dot_product_attention, qkv(7, 5), [soft])
tensors.update({"attention_causal.mask": closed, "attention_bias.mask": soft})

case("linear", F.linear, {"x": randn(2, 5, 6), "weight": randn(4, 6), "bias": randn(4)})
case("linear_no_bias", F.linear, {"x": randn(3, 6), "weight": randn(4, 6)})
for name, kernel, stride, padding, size in [("conv", 3, 1, 1, (6, 5)), ("conv_stride_2", 3, 2, 1, (6, 8)),
                                            ("conv_stride_2_odd", 3, 2, 1, (7, 5)), ("conv_1x1", 1, 1, 0, (4, 3)),
                                            ("conv_5x5", 5, 1, 2, (7, 6)), ("conv_valid", 3, 1, 0, (6, 5))]:
    inputs = {"x": randn(2, 3, *size), "weight": randn(4, 3, kernel, kernel), "bias": randn(4)}
    case(name, lambda x, w, b, s=stride, p=padding: F.conv2d(x, w, b, stride=s, padding=p), inputs)

ids = torch.tensor([[0, 3, 3, 6], [6, 1, 3, 0]])  # some twice, some never
case("embedding", lambda weight: F.embedding(ids, weight), {"weight": randn(7, 5)})
tensors["embedding.ids"] = ids

os.makedirs(sys.argv[1], exist_ok=True)
save_file({k: v.contiguous() for k, v in tensors.items()}, os.path.join(sys.argv[1], "case.safetensors"),
          {"torch": torch.__version__})
