"""Notebooks with many parameters as jobs of Ray: each is a papermill job on the project's own kernel.

.venv-cluster/bin/python scripts/ray/notebooks.py notebooks/06-guidance-sweep.ipynb --output /shared/guidance \\
    --space 'preset=choice(["smoke", "cpu"])'

Every value of a choice is tried, with every value of the others; of ranges, --samples values are drawn. Each job's notebook
with its outputs is in the output's folder, notebooks.csv has the table. A job that fails is named with what its cell said, and
the others go on. The same command runs only what has not succeeded yet.
"""

import argparse
import csv
import hashlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
import ray
import yaml
from ray import tune

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import command  # noqa: E402
import space  # noqa: E402

PAPERMILL = command.ROOT / "scripts" / "cluster" / "papermill_typescript.py"


def draws(domains, samples, seed):
    """All settings to try: every value of each choice, with as many draws of the ranges.

    :param domains: by name, as space.read gives them
    :returns: a list of dicts
    """
    choices = {name: d.categories for name, d in domains.items() if isinstance(d, tune.search.sample.Categorical)}
    ranges = {name: d for name, d in domains.items() if name not in choices}
    random = numpy.random.RandomState(seed)
    drawn = [
        {name: numpy.asarray(domain.sample(random_state=random)).item() for name, domain in ranges.items()}
        for _ in range(samples if ranges else 1)
    ]
    fixed = [dict(zip(choices, values)) for values in itertools.product(*choices.values())]
    return [{name: (f | d)[name] for name in domains} for f in fixed for d in drawn]


def job_name(notebook, settings):
    """The same for the same notebook and settings, and a file's name."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:10]
    return f"{Path(notebook).stem}-{digest}"


def failure_of(notebook):
    """Which cell failed, and what it said, in a line: `In [3]: RangeError: …`; None if there is no such cell."""
    try:
        cells = json.loads(Path(notebook).read_text())["cells"]
    except (OSError, ValueError, KeyError):
        return None
    for cell in cells:
        for output in cell.get("outputs", []):
            if output.get("output_type") == "error":
                text = " ".join(f"{output['ename']}: {output['evalue']}".split())
                return f"In [{cell['execution_count']}]: {text[:500]}"
    return None


def run(notebook, settings, folder, words):
    """One job. What has succeeded has its final name; so a job that was cut is none.

    :returns: a row of the table
    """
    name = job_name(notebook, settings)
    done, failed = Path(folder) / f"{name}.ipynb", Path(folder) / f"{name}.failed.ipynb"
    row = {"job": name, "notebook": Path(notebook).name, **settings}
    started = time.time()
    aside = Path(tempfile.mkdtemp(prefix="notebook-"))
    given = [word for key, value in settings.items() for word in ("-y", yaml.safe_dump({key: value}))]
    argv = [sys.executable, str(PAPERMILL), notebook, str(aside / "out.ipynb"), "--no-progress-bar"]
    # papermill ends its kernel when it is interrupted; both are a group, which can be ended if it does not.
    process = subprocess.Popen(
        [*argv, "--cwd", str(Path(notebook).parent), *given, *words],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: command.end_with_parent(signal.SIGINT),
    )
    try:
        said = process.communicate()[1]
        seconds = round(time.time() - started, 1)
        failed.unlink(missing_ok=True)
        if process.returncode == 0:
            publish(aside / "out.ipynb", done)
            return {**row, "seconds": seconds, "output": done.name, "error": ""}
        why = failure_of(aside / "out.ipynb") or (said.strip().splitlines() or ["nothing said"])[-1]
        if (aside / "out.ipynb").exists():
            publish(aside / "out.ipynb", failed)
        output = failed.name if failed.exists() else ""
        return {**row, "seconds": seconds, "output": output, "error": why}
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        shutil.rmtree(aside, ignore_errors=True)


def publish(file, target):
    """Puts it there as a whole, from another file system, too."""
    staged = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.copyfile(file, staged)
    os.replace(staged, target)


def parse(argv):
    at = argv.index("--") if "--" in argv else len(argv)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="+", metavar="NOTEBOOK", help="its cell tagged parameters declares what is set")
    parser.add_argument("--output", required=True, help="the folder of the results, absolute, which all machines see")
    parser.add_argument("--space", action="append", default=[], metavar="NAME=DOMAIN", help="a parameter and its values")
    parser.add_argument("--samples", type=int, default=1, help="how often ranges are drawn (default: 1)")
    parser.add_argument("--seed", type=int, default=0, help="of these draws (default: 0)")
    parser.add_argument("--cpus-per-job", type=float, default=1, help="CPUs that Ray keeps for each (default: 1)")
    parser.add_argument("--address", default=None, help="of the Ray cluster, such as auto (default: one on this machine)")
    values = parser.parse_args(argv[:at])
    values.words = argv[at + 1 :]
    space.check(parser, values)
    if values.samples < 1:
        parser.error(f"--samples: expected a whole number from 1 on, got {values.samples}")
    for notebook in values.notebooks:
        if not os.path.isfile(notebook):
            parser.error(f"expected notebooks, got '{notebook}', which is no file")
    values.notebooks = [os.path.abspath(notebook) for notebook in values.notebooks]
    stems = [Path(notebook).stem for notebook in values.notebooks]
    if len(set(stems)) < len(stems):
        parser.error("expected notebooks of different names, which name the results")
    return values


def write_table(rows, names, folder):
    """One line for each job, in notebooks.csv."""
    columns = ["job", "notebook", *names, "seconds", "output", "error"]
    staged = Path(folder) / ".notebooks.csv"
    with open(staged, "w", newline="") as file:
        table = csv.DictWriter(file, columns, restval="")
        table.writeheader()
        table.writerows(rows)
    os.replace(staged, Path(folder) / "notebooks.csv")


def read_table(folder):
    """The rows by job of an earlier run; none if there was no such."""
    file = Path(folder) / "notebooks.csv"
    if not file.exists():
        return {}
    with open(file, newline="") as text:
        return {row["job"]: row for row in csv.DictReader(text)}


def main():
    values = parse(sys.argv[1:])
    os.makedirs(values.output, exist_ok=True)
    jobs = {
        job_name(notebook, settings): (notebook, settings)
        for notebook in values.notebooks
        for settings in draws(values.space, values.samples, values.seed)
    }
    before = read_table(values.output)
    rows = {name: before.get(name) for name in jobs if (Path(values.output) / f"{name}.ipynb").exists()}
    rows = {name: row or {"job": name, "output": f"{name}.ipynb"} for name, row in rows.items()}
    print(f"{len(jobs)} jobs, of which {len(rows)} have succeeded before")
    ray.init(address=values.address)
    # A job whose machine is gone is run again, elsewhere.
    remote = ray.remote(num_cpus=values.cpus_per_job, max_retries=3)(run)
    left = {remote.remote(*job, values.output, values.words): name for name, job in jobs.items() if name not in rows}
    while left:
        (ready,), _ = ray.wait(list(left), num_returns=1)
        name = left.pop(ready)
        try:
            row = ray.get(ready)
        except ray.exceptions.RayError as error:
            row = {"job": name, "notebook": Path(jobs[name][0]).name, **jobs[name][1], "error": f"{error}".split("\n")[0]}
        rows[name] = row
        print(f"{name}: {row['error'] or 'done'}, {json.dumps(jobs[name][1])}", flush=True)
        write_table([rows[job] for job in jobs if job in rows], list(values.space), values.output)
    failed = [row for row in rows.values() if row.get("error")]
    print(f"{len(rows) - len(failed)} of {len(jobs)} jobs have succeeded; notebooks.csv, in {values.output}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
