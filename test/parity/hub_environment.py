"""What huggingface_hub makes of the environments that hub.test.ts wrote.

In the folder: `environments.json`, a list of environments. Written: `resolved.json`, for each what it means.
"""
import importlib, json, os, sys
from huggingface_hub import constants
from huggingface_hub.utils import _auth, _headers

folder = sys.argv[1]
with open(os.path.join(folder, "environments.json")) as file:
    environments = json.load(file)
NAMES = ("HF_", "HUGGING", "TRANSFORMERS_", "XDG_", "HOME")
others = {key: value for key, value in os.environ.items() if not key.startswith(NAMES)}


def resolve(environment):
    os.environ.clear()
    os.environ.update({**others, **environment})
    importlib.reload(constants)  # read when it is imported
    return {
        "endpoint": constants.ENDPOINT,
        "cache": constants.HF_HUB_CACHE,
        "tokenPath": constants.HF_TOKEN_PATH,
        "isOffline": constants.HF_HUB_OFFLINE,
        "disableImplicitToken": constants.HF_HUB_DISABLE_IMPLICIT_TOKEN,
        "disableSymlinks": constants.HF_HUB_DISABLE_SYMLINKS,
        "disableProgressBars": constants.HF_HUB_DISABLE_PROGRESS_BARS,
        "etagTimeout": constants.HF_HUB_ETAG_TIMEOUT,
        "downloadTimeout": constants.HF_HUB_DOWNLOAD_TIMEOUT,
        "token": _auth.get_token(),
        "sent": _headers.get_token_to_send(None),
    }


with open(os.path.join(folder, "resolved.json"), "w") as file:
    json.dump([resolve(environment) for environment in environments], file)
