"""What scripts/bench/peer_device.py asks of CUDA, counted on a machine that may have none."""

import importlib.metadata
import json
import os
import sys

import torch

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "scripts", "bench"))
from peer_device import Device

waits = []
torch.cuda.synchronize = lambda: waits.append(1)
torch.cuda.max_memory_allocated = lambda: 2e9
torch.cuda.max_memory_reserved = lambda: 3e9


def timed(task):
    """The device, and how often it was waited for between two looks at the clock."""
    waits.clear()
    device = Device(task)
    start = device.now()
    assert device.now() >= start
    return device, len(waits)


cpu, cpu_waits = timed({})
found = {"cpu": {"waits": cpu_waits, "facts": cpu.facts(), "memory": cpu.memory()}}
# PyTorch's own first: the others change it.
for name, tf32 in [("default", None), ("same", True), ("off", False)]:
    device, count = timed({"device": "cuda", "tf32": tf32})
    found[name] = {"waits": count, "tf32": device.facts()["tf32"]}
found["memory"] = device.memory()
found["triton"] = [line for line in importlib.metadata.requires("torch") if line.startswith("triton")]
print(json.dumps(found))
