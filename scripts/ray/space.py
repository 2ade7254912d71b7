"""Search spaces from the command line: `trainer.learningRate=loguniform(1e-4,1e-2)`."""

import json
import os
import re

from ray import tune

# Ray Tune's own names (ray.tune.uniform, …), and how many numbers each takes.
RANGES = {
    "uniform": tune.uniform,
    "loguniform": tune.loguniform,
    "randint": tune.randint,
    "lograndint": tune.lograndint,
}


def read(text):
    """One setting: KEY=uniform(A,B), loguniform(A,B), randint(A,B), lograndint(A,B), or choice([...]) of JSON values.

    :returns: the key and its domain in Ray Tune's terms
    :raises ValueError: that says what was expected
    """
    expected = f"{text!r}: expected KEY=uniform(A,B), loguniform(A,B), randint(A,B), lograndint(A,B) or choice([JSON, …])"
    match = re.fullmatch(r"([A-Za-z_][\w.]*)=(\w+)\((.*)\)", text)
    if match is None:
        raise ValueError(expected)
    key, kind, inner = match.groups()
    try:
        values = json.loads(f"[{inner}]")
    except ValueError:
        raise ValueError(expected) from None
    if kind == "choice":
        if len(values) != 1 or not isinstance(values[0], list) or not values[0]:
            raise ValueError(expected)
        return key, tune.choice(values[0])
    if kind not in RANGES or len(values) != 2:
        raise ValueError(expected)
    if not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        raise ValueError(expected)
    low, high = values
    if not low < high or ("log" in kind and low <= 0):
        raise ValueError(f"{text!r}: expected a range of rising numbers, above 0 for logarithms")
    if "randint" in kind and not all(isinstance(value, int) for value in values):
        raise ValueError(f"{text!r}: expected whole numbers")
    return key, RANGES[kind](low, high)


def check(parser, values):
    """Reads `values.space`, and sees that `values.output` is a folder that all machines can name; else the parser ends the command."""
    try:
        values.space = dict(read(text) for text in values.space)
    except ValueError as error:
        parser.error(f"--space {error}")
    if not os.path.isabs(values.output):
        parser.error(f"--output: expected an absolute path, which all machines see, got '{values.output}'")
