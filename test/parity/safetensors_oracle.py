"""The real reader and writer of safetensors, asked about files that the tests made.

Usage: python safetensors_oracle.py FOLDER. Each *.bin holds files, each after its length as a uint32. For mutated.bin the
verdicts go to mutated.txt: 1 for a file that loads, 0 for one that is refused. Of written.bin each file is loaded and
saved again with the metadata of written.json; written.txt says whether the bytes are equal.
"""

import json
import struct
import sys
from pathlib import Path

import safetensors
from safetensors.numpy import load, save


def files(path):
    data = path.read_bytes()
    position = 0
    while position < len(data):
        (length,) = struct.unpack_from("<I", data, position)
        position += 4
        yield data[position : position + length]
        position += length


def loads(data):
    try:
        safetensors.deserialize(data)
        return "1"
    except safetensors.SafetensorError:
        return "0"


folder = Path(sys.argv[1])
if (folder / "mutated.bin").exists():
    (folder / "mutated.txt").write_text("".join(loads(data) for data in files(folder / "mutated.bin")))
if (folder / "written.bin").exists():
    metadata = json.loads((folder / "written.json").read_text())
    equal = [save(load(data), meta) == data for data, meta in zip(files(folder / "written.bin"), metadata)]
    (folder / "written.txt").write_text("".join("1" if same else "0" for same in equal))
