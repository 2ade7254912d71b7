"""Trains the UNet that train.test.ts saved, in PyTorch with diffusers: twelve steps of AdamW with given batches.

In the folder: `unet`, the model; `scheduler_config.json`, the schedule and what is predicted; `batches.safetensors` with
`i.images`, `i.noise`, `i.timesteps`, `i.context`.
Written: `out.safetensors` with `losses`.
"""
import os, sys
import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from safetensors.torch import load_file, save_file

torch.set_num_threads(2)
folder = sys.argv[1]
batches = load_file(os.path.join(folder, "batches.safetensors"))
unet = UNet2DConditionModel.from_pretrained(os.path.join(folder, "unet"), low_cpu_mem_usage=False).train()
scheduler = DDPMScheduler.from_pretrained(folder)
optimizer = torch.optim.AdamW(unet.parameters(), lr=1e-3)

losses = []
for i in range(12):
    images, noise, timesteps, context = (batches[f"{i}.{key}"] for key in ("images", "noise", "timesteps", "context"))
    timesteps = timesteps.long()
    prediction = unet(scheduler.add_noise(images, noise, timesteps), timesteps, context).sample
    is_velocity = scheduler.config.prediction_type == "v_prediction"
    target = scheduler.get_velocity(images, noise, timesteps) if is_velocity else noise
    loss = torch.nn.functional.mse_loss(prediction, target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
save_file({"losses": torch.tensor(losses)}, os.path.join(folder, "out.safetensors"))
