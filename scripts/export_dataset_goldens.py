"""Writes test/fixtures/datasets: small data sets as the hub has them, written by Python's `datasets` and pyarrow.

    .venv-parity/bin/python scripts/export_dataset_goldens.py test/fixtures/datasets

`cifar10` has the columns and classes of uoft-cs/cifar10, with twelve pictures instead of 60,000: picture i of a split is
of one colour, which its red says. `codecs` has one table in each compression that parquet has.
"""
import io, os, sys
import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

root = sys.argv[1]
NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def picture(red, size=32):
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), (red, 90, 10)).save(buffer, "PNG")
    return buffer.getvalue()


def write(path, table, **options):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    pq.write_table(table, path, **options)


def with_features(rows, features):
    plain = datasets.Dataset.from_list(rows, features=features)
    return plain.data.table.combine_chunks().replace_schema_metadata(plain.features.arrow_schema.metadata)


cifar = datasets.Features({"img": datasets.Image(), "label": datasets.ClassLabel(names=NAMES)})
for split, base, count in (("train", 0, 8), ("test", 100, 4)):
    rows = [{"img": {"bytes": picture(base + i), "path": None}, "label": (3 * i) % 10} for i in range(count)]
    write(f"cifar10/plain_text/{split}-00000-of-00001.parquet", with_features(rows, cifar), row_group_size=3)

captioned = datasets.Features({"image": datasets.Image(), "text": datasets.List(datasets.Value("string"))})
rows = [{"image": {"bytes": picture(i, 8), "path": f"{i}.png"}, "text": [f"red {i}", f"number {i}"]} for i in range(5)]
for codec in ("NONE", "SNAPPY", "GZIP", "BROTLI", "ZSTD", "LZ4"):
    write(f"codecs/{codec.lower()}.parquet", with_features(rows, captioned), compression=codec)

write("bad/no-images.parquet", pa.table({"text": ["a"], "number": [1]}))
write("bad/null.parquet", with_features([rows[0], {"image": None, "text": ["x"]}], captioned))
write("bad/path.parquet", with_features([{"image": {"bytes": None, "path": "/home/me/cat.png"}, "text": ["x"]}], captioned))
write("bad/label.parquet", with_features([{"img": {"bytes": picture(1), "path": None}, "label": -1}], cifar))
write("bad/text-is-number.parquet", pa.table({"image": pa.array([{"bytes": picture(1), "path": None}]), "text": [7]}))
write("bad/not-a-picture.parquet", pa.table({"image": pa.array([{"bytes": b"GIF89a", "path": None}]), "text": ["x"]}))
