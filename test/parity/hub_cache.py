"""What huggingface_hub does with a cache that lib left, and a cache that it leaves itself.

Arguments: a folder, and the address of the hub that hub-cache.test.ts runs. In the folder: `ours`, a cache. Written:
`theirs` and `old`, caches; `answers.json`, what huggingface_hub made of `ours`.
"""
import json, os, sys
from huggingface_hub import hf_hub_download, snapshot_download
from huggingface_hub.errors import IncompleteSnapshotError

folder, endpoint = sys.argv[1:]
ours, theirs = os.path.join(folder, "ours"), os.path.join(folder, "theirs")


def offline(repo, **options):
    try:
        return snapshot_download(repo, cache_dir=ours, local_files_only=True, **options)
    except IncompleteSnapshotError as error:
        return str(error)


answers = {
    "part": offline("owner/pipe"),
    "partOfIt": offline("owner/pipe", allow_patterns=["unet/*"]),
    "revision": offline("owner/pipe", revision="v1.0+cu", allow_patterns=["unet/*"]),
    "whole": offline("owner/text"),
}
snapshot_download("owner/pipe", cache_dir=theirs, endpoint=endpoint, allow_patterns=["unet/*"])
snapshot_download("owner/text", cache_dir=theirs, endpoint=endpoint)
answers["theirs"] = snapshot_download("owner/text", cache_dir=theirs, endpoint=endpoint)
# One file, as from_pretrained asks for it, leaves no list.
hf_hub_download("owner/text", "config.json", revision="a" * 40, cache_dir=os.path.join(folder, "old"), endpoint=endpoint)
with open(os.path.join(folder, "answers.json"), "w") as file:
    json.dump(answers, file)
