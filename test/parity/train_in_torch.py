"""scripts/train_in_torch.py on each recipe's folder with the library's draws: its losses, and the draws of two steps."""
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import train_in_torch
from torch_peer.draws import draws

# torch's Muon iterates in bfloat16, which alone moves weights by some 5 % of their way; here it is in float32, as the library's
torch.Tensor.bfloat16 = torch.Tensor.clone
folder = Path(sys.argv[1])
out = {}
for name in ("blog", "adamw", "best", "fast"):
    run = folder / name
    common = ["train", "--init", str(run / "model-0"), "--output", str(run / "torch"), "--draws", "library"]
    train_in_torch.main([*common, "--steps", "3"])
    train_in_torch.main(common)  # goes on, as after a stop
    log = torch.load(run / "torch" / "training.pt")["log"]
    out[name] = np.array([loss for _, loss, _ in log], np.float32)
draw = draws("library", dict(seed=42, batchSize=64, captionDropout=0.1), count=60_000, timesteps=1000)
for step in (2, 1000):  # the second in the next epoch
    for name, drawn in zip(("rows", "noise", "timesteps", "dropped"), draw(step)):
        out[f"{step}.{name}"] = drawn.float().numpy()
save_file(out, folder / "out.safetensors")
