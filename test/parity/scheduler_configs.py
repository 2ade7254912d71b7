"""Schedulers of the real diffusers, for cases that scheduler-configs.test.ts wrote."""

import inspect
import json
import math
import sys
from pathlib import Path

import diffusers
import torch
from diffusers.schedulers.scheduling_utils import SchedulerMixin


def signatures() -> dict[str, list[str]]:
    """The keys of every scheduler that is installed, by class."""
    found = {}
    for name in dir(diffusers):
        if name == "SchedulerMixin" or not name.endswith("Scheduler"):
            continue
        try:
            # One whose optional dependency is missing is imported from its module.
            cls = getattr(diffusers, name)
            if not issubclass(cls, SchedulerMixin):
                if name != "DPMSolverSDEScheduler":
                    continue
                found[name] = keys_of_source("scheduling_dpmsolver_sde")
                continue
        except (TypeError, ImportError):
            continue
        found[name] = [key for key in inspect.signature(cls.__init__).parameters if key != "self"]
    return found


def keys_of_source(module: str) -> list[str]:
    """The parameters of the __init__ with register_to_config, read without importing the module."""
    import ast

    source = Path(diffusers.__file__).parent / "schedulers" / f"{module}.py"
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.FunctionDef) and node.name == "__init__" and node.decorator_list:
            return [argument.arg for argument in node.args.args if argument.arg != "self"]
    raise ValueError(module)


def numbers(values) -> list[float]:
    return [float(value) for value in values]


def last_image(scheduler) -> list[float]:
    """The end of a sampling with a smooth stand-in for the model."""
    n = torch.arange(6.0)
    x = torch.sin(n * 2.3 + 1)[None] * scheduler.init_noise_sigma
    for t in scheduler.timesteps:
        seen = scheduler.scale_model_input(x, t)
        output = torch.tanh(seen * 0.9 + 0.1 * math.sin(float(torch.tensor(float(t) * 0.01)))) * 0.8
        x = scheduler.step(output, t, x).prev_sample
    return numbers(x[0])


def image_or_none(scheduler) -> list[float] | None:
    """None where diffusers looks beyond its own time steps: an offset too large, a first step visited twice."""
    try:
        return last_image(scheduler)
    except IndexError:
        return None


def answer(case: dict) -> dict:
    cls = getattr(diffusers, case["class"])
    if "live" in case:
        given = getattr(diffusers, case["live"])(**case["config"]).config
        scheduler = cls.from_config(given)
    elif case.get("json"):
        scheduler = cls.from_config(case["config"])
    else:
        scheduler = cls(**case["config"])
    plain = (int, float, str, type(None))
    found = {
        "config": {k: v for k, v in scheduler.config.items() if isinstance(v, plain) and v != -math.inf},
        "before": numbers(scheduler.timesteps),
        "alphas": numbers(scheduler.alphas_cumprod),
        "runs": [],
    }
    for steps in case["steps"]:
        try:
            scheduler.set_timesteps(steps)
            run = {"timesteps": numbers(scheduler.timesteps)}
        except ValueError as error:  # what diffusers does not do, the test names
            run = {"error": repr(error)}
        else:
            if steps <= case.get("imagesUpTo", 0):
                run["image"] = image_or_none(scheduler)
        found["runs"].append(run)
    return found


def main(folder: Path) -> None:
    cases = json.loads((folder / "cases.json").read_text())
    found = {"signatures": signatures(), "answers": [answer(case) for case in cases]}
    text = json.dumps(found).replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null")
    (folder / "answers.json").write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
