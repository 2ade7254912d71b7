"""Writes test/fixtures/decoded: small pictures of every kind, and what Pillow reads of them.

    .venv-parity/bin/python scripts/export_decoded_goldens.py test/fixtures/decoded

Transparent ones lie on white (`background.paste(image, mask=alpha)`), 16 bits are cut to the upper 8, EXIF's turn is
carried out (`ImageOps.exif_transpose`). `cmyk` has a picture whose colours depend on profiles, which Pillow does not use.
"""
import base64, json, os, sys
import numpy as np
from PIL import Image, ImageOps

folder = sys.argv[1]
os.makedirs(os.path.join(folder, "cmyk"), exist_ok=True)
rng = np.random.default_rng(3)
y, x = np.mgrid[0:16, 0:24]
pixels = np.stack([x * 10, y * 15, (x * y) % 256], -1).astype(np.uint8)
rgb = Image.fromarray(pixels)
alpha = Image.fromarray(rng.integers(0, 256, (16, 24), dtype=np.uint8))
rgba = rgb.copy()
rgba.putalpha(alpha)
turned = [rgb.transpose(Image.Transpose.ROTATE_180), ImageOps.mirror(rgb)]


def save(name, image, **options):
    image.save(os.path.join(folder, name), **options)


save("rgb.png", rgb)
save("rgb.jpg", rgb, quality=90)
save("progressive.jpg", rgb, quality=95, subsampling=0, progressive=True)
save("rgb.webp", rgb, quality=80)
save("lossless.webp", rgb, lossless=True)
save("rgb.tif", rgb)
save("rgb.gif", rgb)
save("grey.png", rgb.convert("L"))
save("grey.jpg", rgb.convert("L"))
save("one-bit.png", rgb.convert("1"))
save("palette.png", rgb.quantize(16))
save("palette-transparent.png", rgb.quantize(16), transparency=3)
save("rgba.png", rgba)
save("grey-alpha.png", rgba.convert("LA"))
save("rgba.webp", rgba, lossless=True)
save("grey-16.png", Image.fromarray(pixels[..., 0].astype(np.uint16) * 257))
save("animated.gif", rgb, save_all=True, append_images=turned)
save("animated.webp", rgb, save_all=True, append_images=turned, lossless=True)
save("animated.png", rgb, save_all=True, append_images=turned)
for orientation in range(2, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(f"exif-{orientation}.jpg", rgb, exif=exif, quality=95)
cmyk = np.zeros((16, 24, 4), np.uint8)
cmyk[8:, :, 0] = 255
Image.fromarray(cmyk, "CMYK").save(os.path.join(folder, "cmyk", "cmyk.jpg"), quality=95)

expected = {}
for name in sorted(os.listdir(folder)):
    if name in ("cmyk", "expected.json"):
        continue
    image = ImageOps.exif_transpose(Image.open(os.path.join(folder, name)))
    if image.mode in ("RGBA", "LA") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image.getchannel("A"))
        image = ground
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    image = image.convert("RGB")
    b64 = lambda of: base64.b64encode(np.asarray(of).tobytes()).decode()
    expected[name] = {"shape": list(image.size)[::-1], "rgb": b64(image), "grey": b64(image.convert("L"))}
with open(os.path.join(folder, "expected.json"), "w") as out:
    json.dump(expected, out, indent=1)
    out.write("\n")
