"""How quickly the kernel answers: the first cell, from the start of its process, and later ones.

.venv/bin/python scripts/bench/kernel.py [kernel name]
"""

import statistics
import sys
import time
from pathlib import Path

from jupyter_client.manager import KernelManager

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
IMPORT = "import * as sd from 'stable-diffusion-mnist/notebook'; sd.tf.memory().numTensors"
CELLS = [
    "const a{i}: number = {i}; a{i} + 1",
    "const t{i} = sd.tf.zeros([2, {i} + 1]); t{i}.shape",
    "const g{i} = new sd.Generator({i}).stream('init'); typeof g{i}",
    "const wrong{i}: string = {i};",
    "const s{i} = new sd.DDPMScheduler(sd.BLOG_SCHEDULER_CONFIG); s{i}.alphasCumprod[{i}]",
]


def answered(client, code):
    message = client.execute(code)
    while client.get_shell_msg(timeout=120)["parent_header"].get("msg_id") != message:
        pass


def timed(client, code):
    started = time.perf_counter()
    answered(client, code)
    return time.perf_counter() - started


def completion(client, text):
    started = time.perf_counter()
    client.complete(text)
    client.get_shell_msg(timeout=30)
    return time.perf_counter() - started


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "tslab"
    firsts, later = [], []
    for _ in range(3):
        started = time.perf_counter()
        manager = KernelManager(kernel_name=name)
        manager.start_kernel(cwd=str(NOTEBOOKS))
        client = manager.client()
        client.start_channels()
        answered(client, IMPORT)
        firsts.append(time.perf_counter() - started)
        for i in range(8):
            for cell in CELLS:
                later.append(timed(client, cell.replace("{i}", str(i))))
                time.sleep(0.25)  # cells sent just after a failure are refused
        completions = [completion(client, "sd.tf.mat") for _ in range(5)]
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    print(f"from the start of the kernel's process to the answer of a first cell that imports the library: "
          f"{statistics.median(firsts):.2f} s (median of {len(firsts)}), at most {max(firsts):.2f} s")
    print(f"later cells, type check and run: {1000 * statistics.median(later):.0f} ms median of {len(later)}, "
          f"at most {1000 * max(later):.0f} ms")
    print(f"a completion: {1000 * statistics.median(completions):.0f} ms")


if __name__ == "__main__":
    main()
