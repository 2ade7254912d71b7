"""The numbers of lib/random/index.ts in numpy, so that a loop in PyTorch can train on the same draws, step by step.

Philox 4×32, 10 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), used as TensorFlow's
stateless ops use it. Normal numbers differ from TensorFlow's by float32 rounding, at most 1e-6; the others are equal.
"""
import numpy as np

U32 = np.uint64(0xFFFFFFFF)
MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
SHIFT = np.uint64(32)


def philox(counter, key):
    """Four uint32 (in uint64 arrays) of each counter, of the same shape."""
    a, b, c, d = counter
    k, l = key
    for _ in range(10):
        p, q = MULTIPLIERS[0] * a, MULTIPLIERS[1] * c
        a, b, c, d = (q >> SHIFT) ^ b ^ k, q & U32, (p >> SHIFT) ^ d ^ l, p & U32
        k, l = (k + WEYL[0]) & U32, (l + WEYL[1]) & U32
    return a, b, c, d


def bits(key, count):
    """`count` uint32 of a key of two int32."""
    words = [np.uint64(word) for part in key for word in (part & 0xFFFFFFFF, 0xFFFFFFFF if part < 0 else 0)]
    key0, key1, high0, high1 = philox(words, (np.uint64(0x3EC8F720), np.uint64(0x02461E29)))
    low = np.arange((count + 3) // 4, dtype=np.uint64)
    blocks = philox((low, np.zeros_like(low), high0, high1), (key0, key1))
    return np.stack(blocks, 1).reshape(-1)[:count]


def _uniform(words):
    return (words & np.uint64(0x7FFFFF)).astype(np.float32) / np.float32(2**23)


def randn(shape, key):
    """Standard normal float32, by the Box-Muller transform."""
    count = int(np.prod(shape))
    pairs = _uniform(bits(key, count + count % 2)).reshape(-1, 2)
    radius = np.sqrt(-2 * np.log(np.maximum(pairs[:, 0], np.float32(1e-7))))
    angle = np.float32(2 * np.pi) * pairs[:, 1]
    normals = np.stack([np.sin(angle) * radius, np.cos(angle) * radius], 1).reshape(-1)
    return normals[:count].reshape(shape).astype(np.float32)


def rand(count, key):
    """float32 in [0, 1)."""
    return _uniform(bits(key, count))


def randint(count, low, high, key):
    """int64 in [low, high)."""
    return low + (bits(key, count) % np.uint64(high - low)).astype(np.int64)


def permutation(n, key):
    """A random order of 0…n−1."""
    return np.argsort(randint(n, -(2**31), 2**31 - 1, key), kind="stable")


def _hash(text):
    h = 0x811C9DC5
    for byte in text.encode():
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return h ^ (h >> 16)


def key(seed, stream, position):
    """The key of `new Generator(seed).stream(stream).at(position)`."""
    unsigned = _hash(f"{seed}/{stream}")
    return unsigned - 2**32 if unsigned >= 2**31 else unsigned, position
