"""A search over a recipe's settings by Ray Tune: each trial is an `npm run train`, read by the judge.

.venv-cluster/bin/python scripts/ray/sweep.py --output /shared/sweep --recipe adamw --rungs 250,500,1000 \\
    --space 'trainer.learningRate=loguniform(1e-4,1e-2)' --space 'objective.captionDropout=choice([0, 0.1])'

At each rung (a number of steps) a trial reports its loss and how many of its digits the judge reads as asked, and is stopped
there if it is not among the best (ASHA). The same command goes on with a search that was stopped. At the end trials.csv has
the table, parallel.html the parallel coordinates.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import command  # noqa: E402
import results  # noqa: E402
import space  # noqa: E402


def accuracy_of(model, images):
    """The share of a model's digits that the judge reads as asked.

    :raises RuntimeError: if npm run evaluate fails
    """
    report = Path(tempfile.mkdtemp(prefix="sweep-")) / "report.json"
    words = ["--checkpoint", str(model), "--scheduler", "ddim", "--steps", "20", "--images", str(images)]
    process = command.start("evaluate", [*words, "--output", str(report.parent), "--report", str(report)])
    try:
        code = process.wait()
        if code != 0:
            raise RuntimeError(f"npm run evaluate of {model} ended with exit code {code}: see its output above.")
        return json.loads(report.read_text())["rows"][0]["overall"]["share"]
    finally:
        command.end(process)
        shutil.rmtree(report.parent, ignore_errors=True)


def checkpoint_of(rungs_done):
    """What a trial goes on from, beside its run's own folder."""
    folder = Path(tempfile.mkdtemp(prefix="trial-"))
    (folder / "rungs.json").write_text(json.dumps(rungs_done))
    return tune.Checkpoint.from_directory(str(folder))


def rungs_done():
    checkpoint = tune.get_checkpoint()
    if checkpoint is None:
        return 0
    with checkpoint.as_directory() as folder:
        return json.loads((Path(folder) / "rungs.json").read_text())


def trial(config, *, recipe, folder, rungs, images):
    """Trains with these settings, and reports at each rung that was not reported yet."""
    run = Path(folder) / "runs" / tune.get_context().get_trial_id()
    settings = [word for key, value in config.items() for word in ("--set", f"{key}={json.dumps(value)}")]
    keep = ["--keep", ",".join(map(str, rungs)), "--save-every", str(rungs[0])]
    words = ["--recipe", recipe, "--steps", str(rungs[-1]), "--output", str(run), *keep, *settings]
    process = command.start("train", words)
    try:
        for index in range(rungs_done(), len(rungs)):
            step = rungs[index]
            model = run / f"model-{step}"
            while not model.exists() and process.poll() is None:
                time.sleep(1)
            if not model.exists():
                raise RuntimeError(
                    f"npm run train ended with exit code {process.returncode} before step {step}: see its output above."
                )
            loss = command.mean_loss([s for s in command.history(run) if s["step"] <= step])
            accuracy = accuracy_of(model, images) if images else None
            report = {"step": step, "loss": loss, **({"accuracy": accuracy} if images else {})}
            tune.report(report, checkpoint=checkpoint_of(index + 1))
        process.wait()
    finally:
        command.end(process)


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True, help="the search's folder, absolute, which all machines see")
    parser.add_argument("--space", action="append", required=True, metavar="KEY=DOMAIN", help="a setting to search")
    parser.add_argument("--recipe", default="adamw", help="what the settings change (default: adamw, whose rate is that of a longer run until its end)")
    parser.add_argument("--rungs", default="250,500,1000", help="steps at which trials are compared; the last ends one")
    parser.add_argument("--trials", type=int, default=12, help="how many (default: 12)")
    parser.add_argument("--metric", choices=["accuracy", "loss"], default="accuracy", help="what decides")
    parser.add_argument("--search", choices=["random", "optuna"], default="random", help="how settings are chosen")
    parser.add_argument("--images", type=int, default=200, help="digits that the judge reads at a rung; 0: none")
    parser.add_argument("--cpus-per-trial", type=float, default=1, help="CPUs that Ray keeps for each (default: 1)")
    parser.add_argument("--gpus-per-trial", type=float, default=0, help="GPUs that Ray keeps for each (default: 0; not run)")
    parser.add_argument("--seed", type=int, default=0, help="of the search (default: 0)")
    parser.add_argument("--address", default=None, help="of the Ray cluster, such as auto (default: one on this machine)")
    values = parser.parse_args(argv)
    try:
        values.rungs = [int(step) for step in values.rungs.split(",")]
        if values.rungs[0] < 1 or any(a >= b for a, b in zip(values.rungs, values.rungs[1:])):
            raise ValueError
    except ValueError:
        parser.error("--rungs: expected rising whole numbers such as 250,500,1000")
    space.check(parser, values)
    if values.trials < 1:
        parser.error(f"--trials: expected a whole number from 1 on, got {values.trials}")
    if values.images < 0 or values.images % 10:
        parser.error(f"--images: expected a multiple of 10, as many of each digit, got {values.images}")
    if values.metric == "accuracy" and values.images == 0:
        parser.error("--metric accuracy: expected --images above 0, which the judge reads; or --metric loss")
    return values


def tuner_for(values):
    settings = {"recipe": values.recipe, "folder": values.output, "rungs": values.rungs, "images": values.images}
    resources = {"CPU": values.cpus_per_trial, **({"GPU": values.gpus_per_trial} if values.gpus_per_trial else {})}
    trainable = tune.with_resources(tune.with_parameters(trial, **settings), resources)
    folder = os.path.join(values.output, "ray")
    if tune.Tuner.can_restore(folder):
        print(f"Goes on with the search in {values.output}")
        return tune.Tuner.restore(folder, trainable, resume_errored=True, param_space=values.space)
    mode = "max" if values.metric == "accuracy" else "min"
    # A rung is one report, and so one "training iteration".
    asha = ASHAScheduler(time_attr="training_iteration", max_t=len(values.rungs), grace_period=1, reduction_factor=2)
    return tune.Tuner(
        trainable,
        param_space=values.space,
        tune_config=tune.TuneConfig(
            metric=values.metric,
            mode=mode,
            num_samples=values.trials,
            scheduler=asha,
            search_alg=OptunaSearch(seed=values.seed) if values.search == "optuna" else None,
        ),
        run_config=tune.RunConfig(
            name="ray",
            storage_path=values.output,
            failure_config=tune.FailureConfig(max_failures=3),  # a node that is gone; it goes on from the run's folder
        ),
    )


def main():
    values = parse(sys.argv[1:])
    ray.init(address=values.address)
    grid = tuner_for(values).fit()
    results.write(grid, values.output, metric=values.metric, names=list(values.space))
    return 1 if grid.errors else 0


if __name__ == "__main__":
    sys.exit(main())
