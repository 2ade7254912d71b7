"""Folders of pictures, and what Python's `datasets` reads of them.

    python test/parity/imagefolder.py FOLDER

Makes FOLDER/<name> and FOLDER/expected.json: for each split the rows, as the picture's colour and its caption (a text, a
list of texts, the name of a class, or none). Each picture is of one colour of its own.
"""
import io, json, os, sys, tarfile
import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

root = sys.argv[1]
datasets.disable_progress_bars()
colours = iter((40 + 3 * (i % 64), 40 + 3 * (i // 64), 200 - 2 * (i % 50)) for i in range(4096))


def picture(format="PNG"):
    colour = next(colours)
    buffer = io.BytesIO()
    Image.new("RGB", (12, 9), colour).save(buffer, format)
    return buffer.getvalue()


def write(name, files):
    for path, content in files.items():
        target = os.path.join(root, name, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode())


def jsonl(*rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


TEXTS = datasets.Features({"image": datasets.Image(), "text": datasets.Value("string")})


def table(rows, features=None):
    buffer = io.BytesIO()
    if features is None:
        pq.write_table(pa.Table.from_pylist(rows), buffer, compression="snappy")
    else:
        datasets.Dataset.from_list(rows, features=features).to_parquet(buffer)
    return buffer.getvalue()


def tar(*members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            data = content if isinstance(content, bytes) else content.encode()
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def rows(*names, column="text"):
    return [{"file_name": name, column: f"a picture, of {name}"} for name in names]


p = picture
cases = {
    "jsonl": {"a.png": p(), "b.png": p(), "metadata.jsonl": jsonl(*rows("b.png", "a.png"))},
    "csv": {"a.png": p(), "b.png": p(), "metadata.csv": 'file_name,text\na.png,"red, ""so"" big\nand wide"\nb.png,plain\n'},
    "csv-bom": {"a.png": p(), "metadata.csv": "\ufefffile_name,text\na.png,hello\n"},
    "parquet-metadata": {"a.png": p(), "b.png": p(), "metadata.parquet": table(rows("a.png", "b.png"))},
    "rows-decide": {"a.png": p(), "b.png": p(), "c.png": p(), "metadata.jsonl": jsonl(*rows("c.png", "a.png", "c.png"))},
    "lists": {"a.png": p(), "b.png": p(), "metadata.jsonl": jsonl({"file_name": "a.png", "text": ["one", "two"]}, {"file_name": "b.png", "text": ["three"]})},
    "other-column": {"a.png": p(), "metadata.jsonl": jsonl(*rows("a.png", column="caption"))},
    "nested": {"x/y/a.png": p(), "x/b.png": p(), "metadata.jsonl": jsonl(*rows("x/y/a.png", "x/b.png", "./x/b.png"))},
    "metadata-deep": {"x/a.png": p(), "x/metadata.jsonl": jsonl(*rows("a.png")), "y/b.png": p(), "y/metadata.jsonl": jsonl(*rows("b.png"))},
    "splits": {"train/a.png": p(), "train/metadata.jsonl": jsonl(*rows("a.png")), "test/b.png": p(), "test/metadata.jsonl": jsonl(*rows("b.png")), "val/c.png": p(), "val/metadata.jsonl": jsonl(*rows("c.png"))},
    "split-words": {"training/a.png": p(), "my-dev/b.png": p(), "evaluation_2/c.png": p(), "other/d.png": p()},
    "split-in-names": {"train_1.png": p(), "train_2.png": p(), "my test 1.png": p(), "trainer.png": p(), "latest.png": p()},
    "classes": {"cat/a.png": p(), "cat/b.png": p(), "a dog/c.jpg": p("JPEG")},
    "classes-in-splits": {"train/cat/a.png": p(), "train/dog/b.png": p(), "test/dog/c.png": p(), "test/cat/d.png": p()},
    "uneven": {"cat/a.png": p(), "cat/old/b.png": p(), "dog/c.png": p()},
    "one-class": {"cat/a.png": p(), "cat/b.png": p()},
    "flat": {"b.png": p(), "a.webp": p("WEBP"), "B.png": p(), "é.png": p(), "10.png": p(), "9.png": p()},
    "metadata-and-classes": {"cat/a.png": p(), "dog/b.png": p(), "metadata.jsonl": jsonl(*rows("cat/a.png", "dog/b.png"))},
    "hidden": {"a.png": p(), ".hidden/b.png": p(), ".c.png": p(), "__pycache__/d.png": p(), "README.md": "# x"},
    "upper-case": {"A.PNG": p(), "B.JPG": p("JPEG"), "metadata.jsonl": jsonl(*rows("A.PNG", "B.JPG"))},
    "more-columns": {"a.png": p(), "metadata.jsonl": jsonl({"file_name": "a.png", "width": 3, "text": "wide", "tags": ["x"]})},
    "conditioning": {"a.png": p(), "b.png": p(), "metadata.jsonl": jsonl({"file_name": "a.png", "conditioning_file_name": "b.png", "text": "both"})},
    "unicode": {"ü ñ.png": p(), "metadata.jsonl": jsonl({"file_name": "ü ñ.png", "text": "naïve 🦊 – 猫"})},
    "no-newline": {"a.png": p(), "b.png": p(), "metadata.jsonl": jsonl(*rows("a.png", "b.png")).rstrip("\n")},
    "crlf": {"a.png": p(), "b.png": p(), "metadata.jsonl": jsonl(*rows("a.png", "b.png")).replace("\n", "\r\n")},
    "parquet": {"data.parquet": table([{"image": {"bytes": p(), "path": None}, "text": f"row {i}"} for i in range(5)], TEXTS)},
    "parquet-shards": {
        f"data/{split}-0000{i}-of-00002.parquet": table([{"image": {"bytes": p(), "path": "x.png"}, "text": f"{split} {i}"}], TEXTS)
        for split in ("train", "test", "extra") for i in range(2)
    },
    "parquet-cifar10": {
        "train.parquet": table(
            [{"img": {"bytes": p(), "path": None}, "label": i % 3} for i in range(6)],
            datasets.Features({"img": datasets.Image(), "label": datasets.ClassLabel(names=["airplane", "cat", "ship"])}),
        ),
    },
    "webdataset": {"x.tar": tar(("00/1.jpg", p("JPEG")), ("00/1.txt", "first"), ("00/2.jpg", p("JPEG")), ("00/2.txt", "second"))},
    "webdataset-json": {"train.tar": tar(("1.png", p()), ("1.json", '{"caption": "one"}'), ("2.png", p()), ("2.json", '{"caption": "two"}'))},
}

expected = {}
for name, files in cases.items():
    write(name, files)
    loaded = datasets.load_dataset(os.path.join(root, name), cache_dir=os.path.join(root, ".cache", name))
    expected[name] = {}
    for split, rows_of in loaded.items():
        features = rows_of.features
        image = next(key for key, feature in features.items() if isinstance(feature, datasets.Image))
        text = next((key for key in ("text", "caption", "label", "txt", "json") if key in features), None)
        out = []
        for row in rows_of:
            caption = row[text] if text else None
            if text == "label" and caption is not None:
                caption = features["label"].int2str(caption)
            if isinstance(caption, dict):
                caption = caption["caption"]
            if isinstance(caption, bytes):
                caption = caption.decode()
            out.append([list(row[image].convert("RGB").getpixel((5, 5))), caption])
        expected[name][split] = out
with open(os.path.join(root, "expected.json"), "w") as out:
    json.dump(expected, out)
