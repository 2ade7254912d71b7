"""Writes test/fixtures/evaluation: sets of features, and what numpy, scipy, scikit-learn and the reference
implementation of density and coverage (prdc) say of them.

    .venv-parity/bin/python scripts/export_evaluation_goldens.py test/fixtures/evaluation

`case.safetensors` holds `real` and `fake` features [N, D] with labels, digits asked for and seen; `expected.json` the
figures. The features are like a network's: no number is negative, one column is silent in both sets.
"""
import json, os, sys
import numpy as np
from prdc import compute_prdc
from safetensors.numpy import save_file
from scipy import linalg, stats
from scipy.spatial.distance import pdist
from sklearn.metrics import confusion_matrix
from sklearn.metrics.pairwise import cosine_similarity, polynomial_kernel
from sklearn.neighbors import NearestNeighbors

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
rng = np.random.default_rng(11)
WIDTH = 24
mix = rng.normal(size=(WIDTH, WIDTH)) / 3


def features(count, shift, scale):
    x = np.maximum(0, rng.normal(size=(count, WIDTH)) @ mix * scale + shift)
    x[:, 5] = 0
    return x.astype(np.float32)


real, fake = features(200, 0.4, 1.0), features(150, 0.5, 1.2)
labels = (np.arange(200) % 10).astype(np.uint8)
asked = rng.integers(0, 10, 400).astype(np.uint8)
seen = np.where(rng.random(400) < 0.9, asked, rng.integers(0, 10, 400)).astype(np.uint8)


def frechet(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = linalg.sqrtm(first @ second).real
    return float(np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(first + second - 2 * root))


def kid(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    aa, bb, ab = polynomial_kernel(a, a, 3), polynomial_kernel(b, b, 3), polynomial_kernel(a, b, 3)
    m, n = len(a), len(b)
    return float((aa.sum() - np.trace(aa)) / (m * (m - 1)) + (bb.sum() - np.trace(bb)) / (n * (n - 1)) - 2 * ab.mean())


def interval(right, of):
    found = stats.binomtest(right, of).proportion_ci(0.95, method="wilson")
    return [right, of, float(found.low), float(found.high)]


def recall(images, captions, k):
    """Images whose own caption, of the same row, is among the k of the largest cosine."""
    order = np.argsort(-cosine_similarity(images.astype(np.float64), captions.astype(np.float64)), axis=1)
    return int(sum(i in row[:k] for i, row in enumerate(order)))


def nearest(a, b):
    distances, rows = NearestNeighbors(n_neighbors=1).fit(b.astype(np.float64)).kneighbors(a.astype(np.float64))
    return distances[:, 0], rows[:, 0]


def memorisation(drawn, held_out, training):
    (own, rows), (others, _) = nearest(drawn, training), nearest(held_out, training)
    return {
        "rows": rows[:10].tolist(),
        "drawn_median": float(np.median(own)),
        "held_out_median": float(np.median(others)),
        "copies": int((own < np.quantile(others, 0.05)).sum()),
    }


between = (real[:100] / 2 + fake[:100] / 2).astype(np.float32)
within = [pdist(real[labels == d].astype(np.float64)).mean() for d in range(10)]
expected = {
    "frechet": frechet(real, fake),
    "kid": kid(real, fake),
    "kid_same_kind": kid(real[:100], real[100:]),
    "prdc": {k: {m: float(v) for m, v in compute_prdc(real, fake, k).items()} for k in (3, 5)},
    "within_class": float(np.mean(within)),
    "confusion": confusion_matrix(asked, seen, labels=range(10)).tolist(),
    "wilson": [interval(r, n) for r, n in [(0, 10), (10, 10), (990, 1000), (95, 100), (1, 2), (4985, 5000)]],
    "recall": [recall(between, real[:100], k) for k in (1, 5, 20)],
    "memorisation": memorisation(np.concatenate([fake, between[:50]]), real[120:], real[:120]),
}
save_file({"real": real, "fake": fake, "labels": labels, "asked": asked, "seen": seen}, os.path.join(folder, "case.safetensors"))
with open(os.path.join(folder, "expected.json"), "w") as file:
    json.dump(expected, file, indent=2)
    file.write("\n")
