"""Writes test/fixtures/safetensors and test/fixtures/transforms by the Python packages safetensors, torch and numpy.

    python scripts/export_safetensors_goldens.py test/fixtures
"""
import os, sys
import torch
from safetensors.torch import save_file

out = sys.argv[1]
folder = os.path.join(out, "safetensors")
os.makedirs(folder, exist_ok=True)
os.makedirs(os.path.join(out, "transforms"), exist_ok=True)

def save(name, tensors, metadata=None):
    save_file({k: t.clone() for k, t in tensors.items()}, os.path.join(folder, name + ".safetensors"), metadata)

dtypes = {"bool": torch.bool, "u8": torch.uint8, "i8": torch.int8, "i16": torch.int16, "u16": torch.uint16, "f16": torch.float16,
          "bf16": torch.bfloat16, "i32": torch.int32, "u32": torch.uint32, "f32": torch.float32, "c64": torch.complex64,
          "f64": torch.float64, "i64": torch.int64, "u64": torch.uint64, "f8_e5m2": torch.float8_e5m2, "f8_e4m3": torch.float8_e4m3fn,
          "f8_e8m0": torch.float8_e8m0fnu, "f8_e4m3fnuz": torch.float8_e4m3fnuz, "f8_e5m2fnuz": torch.float8_e5m2fnuz}
bytes_ = torch.arange(1, 97, dtype=torch.uint8)
save("dtypes", {f"{name}.{n}": bytes_[: 3 * torch.empty(0, dtype=t).element_size()].view(t) if t != torch.bool else torch.tensor([True, False, True])
                for name, t in dtypes.items() for n in (2, 1)}, {"format": "pt"})
save("names", {n: torch.tensor([float(i)]) for i, n in enumerate(
    ["b", "a", "B", "", "é", "\U00010000", "\uffff", "a\"\\/\b\f\n\r\t\x01\x7f", "__proto__", "constructor", "toString", "a.b.10", "a.b.9"])})
save("shapes", {"scalar": torch.tensor(3.5), "empty": torch.zeros(2, 0), "none": torch.zeros(0), "matrix": torch.arange(6.0).reshape(2, 3),
                "byte": torch.tensor(7, dtype=torch.uint8)})
save("nothing", {})
save("metadata", {}, {"framework": "pt"})

half = torch.arange(65536, dtype=torch.int32).to(torch.uint16)
keep = torch.cat([torch.arange(0, 1100), torch.arange(30700, 33900), torch.arange(63400, 64600), torch.arange(0, 65536, 37)])
half = half[keep]
save("halves", {"f16": half.view(torch.float16), "f16.as_f32": half.view(torch.float16).float(),
                "bf16": half.view(torch.bfloat16), "bf16.as_f32": half.view(torch.bfloat16).float()})
doubles = torch.tensor([0.0, -0.0, 0.1, 1 / 3, 1e-46, 1e-40, 3.4028234663852886e38, float("inf"), float("-inf"), float("nan")], dtype=torch.float64)
save("doubles", {"f64": doubles, "f64.as_f32": doubles.float()})

byte = torch.arange(256, dtype=torch.uint8)
unit = byte.to(torch.float32).div(255)  # torchvision's to_tensor, then its normalize
save_file({"to_tensor": unit, "normalized": unit.clone().sub_(0.5).div_(0.5), "normalized_mnist": unit.clone().sub_(0.1307).div_(0.3081)},
          os.path.join(out, "transforms", "case.safetensors"))
