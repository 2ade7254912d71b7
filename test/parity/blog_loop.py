"""Steps of scripts/blog_loop.py with given rows of MNIST, noise and time steps, and the draws of two of its steps."""
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from safetensors.torch import load_file as load_torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import blog_loop

folder = Path(sys.argv[1])
given = load_torch(folder / "batches.safetensors")
loop = blog_loop.Loop(folder / "model", lr=1e-3)
clean, labels = blog_loop.data()
losses = []
for i in range(len(given) // 3):
    rows, noise, timesteps = (given[f"{i}.{name}"] for name in ("rows", "noise", "timesteps"))
    rows = rows.long()
    losses.append(loop.step(clean(rows), labels[rows], noise, timesteps.long()))
out = {"losses": np.array(losses, np.float32)}
rows_of, noise_of = blog_loop.draws("library", seed=42, batch=64, count=60_000, timesteps=1000)
for step in (2, 1000):  # the second in the next epoch
    drawn = rows_of(step), *noise_of(step)
    out |= {f"{step}.{name}": d.float().numpy() for name, d in zip(("rows", "noise", "timesteps"), drawn)}
save_file(out, folder / "out.safetensors")
