"""Where the peer computes, a CPU or a GPU: how it is timed, its TF32, its memory, its compiler.

As a program it prints what PyTorch says of the GPU, one JSON object.
"""

import importlib.util
import json
import time

import torch


class Device:
    """The device that a task names: `cpu`, or `cuda`, where `tf32` is a choice or, if it is None, PyTorch's own."""

    def __init__(self, task):
        self.name = task.get("device", "cpu")
        tf32 = task.get("tf32")
        if tf32 is not None:
            torch.backends.cuda.matmul.allow_tf32 = tf32
            torch.backends.cudnn.allow_tf32 = tf32

    def now(self):
        """The time at which the device has done all that it was asked for: CUDA's calls return before."""
        if self.name == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def autocast(self, precision):
        return torch.autocast(self.name, dtype=torch.bfloat16, enabled=precision == "bfloat16")

    def facts(self):
        """What is told of the device with PyTorch's version."""
        if self.name == "cpu":
            return {"device": "cpu"}
        tf32 = {
            "products": torch.backends.cuda.matmul.allow_tf32,
            "convolutions": torch.backends.cudnn.allow_tf32,
        }
        return {"device": self.name, "tf32": tf32}

    def memory(self):
        """The most that tensors took on the device, and the most that was taken from it for them, in GB."""
        if self.name == "cpu":
            return {}
        return {
            "deviceGb": torch.cuda.max_memory_allocated() / 1e9,
            "deviceReservedGb": torch.cuda.max_memory_reserved() / 1e9,
        }


def in_mode(model, task):
    """The model op by op, or with the mode `compile` by torch.compile. Both have the same parameters."""
    if task.get("mode", "eager") == "eager":
        return model
    return torch.compile(model, backend=task.get("backend", "inductor"))


def gpu_facts():
    available = torch.cuda.is_available()
    return {
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "available": available,
        "name": torch.cuda.get_device_name() if available else None,
        "triton": importlib.util.find_spec("triton") is not None,
    }


if __name__ == "__main__":
    print(json.dumps(gpu_facts()))
