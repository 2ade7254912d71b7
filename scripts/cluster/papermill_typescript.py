"""papermill for notebooks in TypeScript, which it does not know by itself. All arguments are papermill's:

cd notebooks && ../.venv-cluster/bin/python ../scripts/cluster/papermill_typescript.py 06-guidance-sweep.ipynb out.ipynb -p preset smoke
"""

import json
import os
import signal
from pathlib import Path

from papermill.cli import papermill
from papermill.translators import Translator, papermill_translators

ROOT = Path(__file__).resolve().parents[2]


class TypeScriptTranslator(Translator):
    """Assigns: the cell tagged `parameters` declares each variable, and so its type, which the kernel checks."""

    @classmethod
    def translate(cls, val):
        if isinstance(val, float) and (val != val or val in (float("inf"), float("-inf"))):
            return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(val)]
        return json.dumps(val)

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}"

    @classmethod
    def assign(cls, name, str_val):
        return f"{name} = {str_val};"


def main():
    papermill_translators.register("typescript", TypeScriptTranslator)
    # The kernel that the set-up has installed beside JupyterLab.
    kernels = str(ROOT / ".venv" / "share" / "jupyter")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(
        [kernels, *filter(None, [os.environ.get("JUPYTER_PATH")])]
    )
    try:
        papermill()
    finally:
        end_children()


def end_children():
    """A kernel that is still there was interrupted while it started, and nobody else would end it."""
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            os.kill(int(child), signal.SIGKILL)


if __name__ == "__main__":
    main()
