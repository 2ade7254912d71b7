"""Goes on with a training checkpoint of this project in PyTorch: weights, AdamW's moments and all.

    python scripts/continue_in_torch.py runs/best/checkpoint-3000 --out continued

writes a diffusers folder and, beside it, `optimizer.bin` as accelerate's `save_state` does: the state dict of
`torch.optim.AdamW` over the UNet's and then the text encoder's parameters in their order. With `--batches FILE` it trains
first: one step for each of `i.images`, `i.noise` [B, C, H, W], `i.timesteps` [B] and `i.input_ids` [B, L] in the file,
and prints the losses as JSON. Needs torch, diffusers and transformers (requirements-parity.txt).
"""

import argparse
import json
from pathlib import Path

import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from safetensors.torch import load_file
from transformers import CLIPTextModel


def trained_parameters(models, moments):
    """The parameters that the checkpoint's optimizer has moments of, by its names: `unet.…`, `text_encoder.…`."""
    named = [(f"{part}.{name}", p) for part, model in models.items() for name, p in model.named_parameters()]
    # transformers before 5 puts the text encoder's names below `text_model.`
    named = [(name.replace("text_encoder.text_model.", "text_encoder."), p) for name, p in named]
    chosen = [(name, p) for name, p in named if f"exp_avg.{name}" in moments]
    count = sum(key.startswith("exp_avg.") for key in moments)
    if len(chosen) != count:
        raise SystemExit(f"expected parameters for {count} moments, found {len(chosen)}")
    return chosen


def load_optimizer(named, moments, lr, weight_decay):
    """torch.optim.AdamW that stands where the checkpoint's optimizer stood."""
    optimizer = torch.optim.AdamW([p for _, p in named], lr=lr, weight_decay=weight_decay)
    state = optimizer.state_dict()
    state["state"] = {
        i: {
            "step": moments["step"].reshape(()).clone(),
            "exp_avg": moments[f"exp_avg.{name}"],
            "exp_avg_sq": moments[f"exp_avg_sq.{name}"],
        }
        for i, (name, _) in enumerate(named)
    }
    optimizer.load_state_dict(state)
    return optimizer


def train(models, scheduler, optimizer, batches):
    """One step per batch. Returns the losses."""
    losses = []
    while f"{len(losses)}.images" in batches:
        get = lambda key: batches[f"{len(losses)}.{key}"]
        images, noise, timesteps = get("images"), get("noise"), get("timesteps").long()
        context = models["text_encoder"](input_ids=get("input_ids").long()).last_hidden_state
        noisy = scheduler.add_noise(images, noise, timesteps)
        prediction = models["unet"](noisy, timesteps, context).sample
        loss = torch.nn.functional.mse_loss(prediction, noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--batches", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--weight-decay", type=float, default=0.01)
    args = parser.parse_args()
    models = {
        "unet": UNet2DConditionModel.from_pretrained(args.checkpoint / "unet", low_cpu_mem_usage=False),
        "text_encoder": CLIPTextModel.from_pretrained(args.checkpoint / "text_encoder"),
    }
    scheduler = DDPMScheduler.from_pretrained(args.checkpoint / "scheduler")
    moments = load_file(args.checkpoint / "training" / "optimizer.safetensors")
    if any(key.startswith("momentum_buffer.") for key in moments):
        raise SystemExit("expected a checkpoint that was trained by AdamW, got one of Muon: train it without optimizer: 'muon'.")
    for model in models.values():
        model.train()
    named = trained_parameters(models, moments)
    optimizer = load_optimizer(named, moments, args.lr, args.weight_decay)
    if args.batches:
        print(json.dumps(train(models, scheduler, optimizer, load_file(args.batches))))
    if args.out:
        for part, model in models.items():
            model.save_pretrained(args.out / part)
        scheduler.save_pretrained(args.out / "scheduler")
        torch.save(optimizer.state_dict(), args.out / "optimizer.bin")


if __name__ == "__main__":
    main()
