"""Writes tensor-prints.json: tensors and how torch prints them. The argument is the folder, test/fixtures."""

import json
import sys
from pathlib import Path

import torch

inf, nan = float("inf"), float("nan")
CASES = {
    "a vector": torch.tensor([1.0, 2.5, -3.0]),
    "whole numbers": torch.tensor([1.0, 2.0, 1000.0]),
    "a small number": torch.tensor([1e-5, 1.0]),
    "a large number": torch.tensor([1e9, 1.0]),
    "whole numbers far apart": torch.tensor([1.0, 2000.0]),
    "not finite": torch.tensor([nan, 1.5, inf, -inf]),
    "all NaN": torch.tensor([nan, nan]),
    "zeros": torch.zeros(2, 3),
    "a scalar": torch.tensor(3.25),
    "halves": torch.tensor([0.03125, 0.09375]),
    "a matrix": torch.arange(6.0).reshape(2, 3) / 7,
    "a cube": torch.arange(8.0).reshape(2, 2, 2),
    "a row of several lines": torch.arange(30.0) / 3,
    "a long vector": torch.arange(1001.0),
    "a long cube": torch.arange(4000.0).reshape(10, 20, 20) / 3,
    "a kernel": (torch.arange(288.0).reshape(32, 1, 3, 3) - 100) / 1000,
    "a large kernel": (torch.arange(2880.0).reshape(320, 1, 3, 3) - 100) / 1000,
    "integers": torch.tensor([[1, 200], [-3, 0]], dtype=torch.int32),
}


def entry(tensor):
    text = str(tensor).removeprefix("tensor(").removesuffix(")").removesuffix(", dtype=torch.int32")
    flat = tensor.flatten().tolist()
    data = [str(value) if value != value or value in (inf, -inf) else value for value in flat]
    floats = tensor.is_floating_point()
    return {"shape": list(tensor.shape), "floats": floats, "data": data, "text": text}


path = Path(sys.argv[1]) / "tensor-prints.json"
path.write_text(json.dumps({name: entry(tensor) for name, tensor in CASES.items()}) + "\n")
