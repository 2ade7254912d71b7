"""How quickly the kernel answers: the first cell after its start, and the type check of later ones.

.venv/bin/python scripts/bench/kernel.py [kernel name]
"""

import statistics
import sys
import time
from pathlib import Path

from jupyter_client.manager import start_new_kernel

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
IMPORT = "import * as sd from 'stable-diffusion-mnist'; sd.tf.memory().numTensors"
CELLS = [
    "const a{i}: number = {i}; a{i} + 1",
    "const t{i} = sd.tf.zeros([2, {i} + 1]); t{i}.shape",
    "const g{i} = new sd.Generator({i}).stream('init'); typeof g{i}",
    "const wrong{i}: string = {i};",
    "const s{i} = new sd.DDPMScheduler(sd.BLOG_SCHEDULER_CONFIG); s{i}.alphasCumprod[{i}]",
]


def timed(client, code):
    started = time.perf_counter()
    client.execute_interactive(code, timeout=120, output_hook=lambda _: None)
    return time.perf_counter() - started


def completion(client, text):
    started = time.perf_counter()
    client.complete(text)
    client.get_shell_msg(timeout=30)
    return time.perf_counter() - started


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "tslab"
    firsts, starts, later = [], [], []
    for _ in range(3):
        started = time.perf_counter()
        manager, client = start_new_kernel(kernel_name=name, cwd=str(NOTEBOOKS))
        starts.append(time.perf_counter() - started)
        firsts.append(timed(client, IMPORT))
        for i in range(8):
            for cell in CELLS:
                later.append(timed(client, cell.replace("{i}", str(i))))
                time.sleep(0.25)  # cells sent just after a failure are refused
        completions = [completion(client, "sd.tf.mat") for _ in range(5)]
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    print(f"kernel ready after {statistics.median(starts):.2f} s (median of 3)")
    print(f"first cell, which imports the library: {statistics.median(firsts):.2f} s, at most {max(firsts):.2f} s")
    print(f"later cells, type check and run: {1000 * statistics.median(later):.0f} ms median of {len(later)}, "
          f"at most {1000 * max(later):.0f} ms")
    print(f"a completion: {1000 * statistics.median(completions):.0f} ms")


if __name__ == "__main__":
    main()
