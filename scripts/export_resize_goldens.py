"""Writes test/fixtures/resize: what Pillow makes of five pictures at six sizes by its filters, and torchvision of crops.

    .venv-parity/bin/python scripts/export_resize_goldens.py test/fixtures/resize

The pictures are drawn here, with what photographs have: smooth ground, edges at all angles, fine texture, noise. They
are kept as PNG; of each result only the SHA-256 of its bytes, row by row.
"""
import hashlib, json, os, sys
import numpy as np
import PIL
import torchvision
from PIL import Image
from torchvision import transforms

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
SIZES = [(16, 16), (32, 32), (28, 45), (64, 64), (97, 61), (160, 200)]  # height, width
FILTERS = ["NEAREST", "BOX", "BILINEAR", "HAMMING", "BICUBIC", "LANCZOS"]
rng = np.random.default_rng(5)


def photo(height, width, channels):
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = []
    for channel in range(channels):
        ground = 120 + 60 * np.sin(x / 37 + channel) * np.cos(y / 23 - channel)
        edge = 70 * ((x * (0.3 + channel / 5) + y) % 61 > 30)
        rings = 40 * np.sin(np.hypot(x - width / 3, y - height / 2) ** 1.4 / (9 + channel))
        planes.append(ground + edge + rings + rng.normal(0, 9, (height, width)))
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


shapes = [(96, 128, 3), (75, 50, 3), (64, 64, 3), (31, 120, 3), (90, 67, 1)]
cases = {}
for number, shape in enumerate(shapes):
    pixels = photo(*shape)
    image = Image.fromarray(pixels if shape[2] == 3 else pixels[..., 0])
    name = f"photo-{number}.png"
    image.save(os.path.join(folder, name), optimize=True)
    cases[name] = {
        f"{filter.lower()} {height}x{width}": hashlib.sha256(
            np.asarray(image.resize((width, height), getattr(Image.Resampling, filter))).tobytes()
        ).hexdigest()
        for filter in FILTERS
        for height, width in SIZES
    }
crops = {}
for height, width in [(5, 7), (6, 7), (9, 9), (4, 10), (11, 6)]:
    ramp = Image.fromarray((np.arange(height * width) % 251).astype(np.uint8).reshape(height, width))
    for size in [(3, 3), (4, 4), (5, 6), (8, 8), (12, 5), (4, 13)]:
        crop = np.asarray(transforms.CenterCrop(size)(ramp))
        crops[f"{height}x{width} {size[0]}x{size[1]}"] = hashlib.sha256(crop.tobytes()).hexdigest()
shorter = [
    [[height, width], size, list(transforms.Resize(size)(Image.new("L", (width, height))).size)[::-1]]
    for height, width, size in [(200, 256, 32), (256, 200, 32), (375, 500, 64), (3, 1000, 8), (7, 7, 7), (333, 1001, 50)]
]
with open(os.path.join(folder, "expected.json"), "w") as out:
    json.dump({"pillow": PIL.__version__, "torchvision": torchvision.__version__, "sha256": cases,
               "center_crop": crops, "shorter_side": shorter}, out, indent=1)
    out.write("\n")
