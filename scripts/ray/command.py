"""Runs the project's own commands from a process of Ray."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What the commands end with (scripts/command-line/command.mjs, sysexits.h).
MISUSE = 2
WORKER_LOST = 75
STOPPED = 130


def end_with_parent(number=signal.SIGTERM):
    """In the child, before it runs: Ray ends its workers by SIGKILL, which they cannot pass on."""
    PR_SET_PDEATHSIG = 1  # prctl(2)
    signal.signal(number, signal.SIG_DFL)  # what ignores a signal hands that on
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def start(name, arguments, *, tf_config=None, cores=None):
    """Starts scripts/NAME.mjs with these words, and with TF_CONFIG if it is given.

    :param cores: numbers of those that it may use; None for all
    :returns: the process; its output is that of the caller
    :raises FileNotFoundError: if there is no node
    """
    node = shutil.which("node")
    if node is None:
        raise FileNotFoundError(
            "node: expected on the PATH of every machine of the cluster, beside a clone that is set up (npm run setup)."
        )
    env = {key: value for key, value in os.environ.items() if key != "TF_CONFIG"}
    if tf_config is not None:
        env["TF_CONFIG"] = tf_config
    command = [node, str(ROOT / "scripts" / f"{name}.mjs"), *arguments]
    if cores is not None:
        command = ["taskset", "-c", ",".join(map(str, cores)), *command]
    return subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, preexec_fn=end_with_parent)


def end(process, timeout=30):
    """Asks it to stop and waits; a command that does not hear is killed."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def history(folder):
    """The steps of a run, of its history.jsonl: dicts with step, loss, …

    A run that went on from an earlier checkpoint has done some anew: the later ones count. A line that is being written is
    left out.
    """
    file = Path(folder) / "history.jsonl"
    if not file.exists():
        return []
    steps = {}
    for line in file.read_text().split("\n")[:-1]:
        if line:
            step = json.loads(line)
            steps[step["step"]] = step
    last = step["step"] if steps else 0
    return [steps[number] for number in sorted(steps) if number <= last]


def mean_loss(steps, count=100):
    """Of the last steps; None if there is none."""
    losses = [step["loss"] for step in steps[-count:]]
    return sum(losses) / len(losses) if losses else None


def output_folder(arguments):
    """The folder after --output, which is absolute: workers on other machines start elsewhere.

    :raises ValueError: if there is none
    """
    for i, word in enumerate(arguments):
        if word == "--output" and i + 1 < len(arguments):
            folder = arguments[i + 1]
        elif word.startswith("--output="):
            folder = word.removeprefix("--output=")
        else:
            continue
        if os.path.isabs(folder):
            return folder
        raise ValueError(f"--output: expected an absolute path, which all machines see, got '{folder}'.")
    raise ValueError("--output FOLDER: expected among the words for npm run train, got none.")
