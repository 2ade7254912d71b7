"""Inputs and weights of reference cases, drawn from a seed, so that no file need hold them.

drawn.cjs draws the same, to the bit: all numbers are uniform, scaled by powers of two, and no logarithm
or sine, which libraries round differently, is on the way. What was drawn is told by a SHA-256, which the tests compare
before they use it.
"""
import hashlib
import numpy as np

from torch_peer import counter_random

SIGNS = 32


def uniform(seed, name, shape, radius=1.0, centre=0.0):
    """float32 in [centre - radius, centre + radius), of a seed and a name; `radius` is a power of two.

    The 23 random bits of a number are exact, as is their scaling; the sum with a centre is rounded once.
    """
    unit = counter_random.rand(int(np.prod(shape)), counter_random.key(seed, name, 0)).astype(np.float64)
    return (centre + radius * (2 * unit - 1)).astype(np.float32).reshape(shape)


def _weight(seed, name, key, shape):
    if len(shape) == 1:
        return uniform(seed, name, shape, 0.25, 1.0 if key.endswith("weight") else 0.0)
    fan_in, radius = int(np.prod(shape[1:])), 2.0
    while radius * radius * fan_in > 4:
        radius /= 2
    return uniform(seed, name, shape, radius)


def weights(seed, case, shapes):
    """A state dict for shapes by name; none of it is 0 or 1 throughout, so that no path is silent.

    Matrices and filters: uniform, the radius the largest power of two up to 2 / sqrt(inputs of an output), which
    keeps the variance. Scales of norms: 1 +- 1/4. Biases: +- 1/4.
    """
    return {key: _weight(seed, f"{case}/{key}", key, shape) for key, shape in shapes.items()}


def digest(arrays):
    """SHA-256 over the names, in order, each with its float32 (little-endian) after it."""
    sha = hashlib.sha256()
    for name in sorted(arrays):
        sha.update(name.encode())
        sha.update(np.ascontiguousarray(arrays[name], dtype="<f4").tobytes())
    return sha.hexdigest()


def projections(seed, name, array):
    """Dot products with 32 vectors of random signs, float64: bit k of the i-th word is the i-th sign of vector k."""
    flat = np.asarray(array, dtype=np.float64).reshape(-1)
    words = counter_random.randint(flat.size, -(2**31), 2**31 - 1, counter_random.key(seed, name, 0)) & 0xFFFFFFFF
    return np.array([np.where((words >> k) & 1, flat, -flat).sum() for k in range(SIGNS)])
