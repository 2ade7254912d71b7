"""Image to image, inpainting and RePaint: trajectories by calls of diffusers' schedulers, with noise of our generator."""
import json, os
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
    RePaintScheduler,
    UNet2DConditionModel,
)
from diffusers.schedulers import scheduling_ddpm, scheduling_repaint
from torch_peer import counter_random

from goldens.case import Case
from goldens.lora import TINY

SCHEDULERS = {
    "ddpm": DDPMScheduler, "ddim": DDIMScheduler, "dpm": DPMSolverMultistepScheduler,
    "euler": EulerDiscreteScheduler, "heun": HeunDiscreteScheduler,
}
# Stable Diffusion's, which ends at a sigma of 14.6: over others a rounding of the noise's last bit grows beyond 2e-5.
CONFIG = dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)
# DDIM keeps the model's noise where it has clipped x0, so that a division by 0.07 stays in the image: it gets a model of
# the velocity, which divides by nothing.
OWN = {"ddim": dict(prediction_type="v_prediction")}
STEPS, SEED, SHAPE = 12, 11, (2, 8, 8, 1)


def noise(position, stream="sampling"):
    """The numbers of a key, [N, C, H, W]."""
    drawn = counter_random.randn(SHAPE, counter_random.key(SEED, stream, position))
    return torch.from_numpy(drawn).permute(0, 3, 1, 2).contiguous()


def start_of(scheduler, strength):
    """As get_timesteps of the pipelines."""
    scheduler.set_timesteps(STEPS)
    init = min(int(STEPS * strength), STEPS)
    first = max(STEPS - init, 0) * scheduler.order
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)
    return scheduler.timesteps[first:]


def export(root):
    case = Case(root, "pictures", 5)
    unet = case.weigh(UNet2DConditionModel(**TINY)).eval()
    context = case.draw("in.encoder_hidden_states", 2, 8, 32)
    image = case.draw("in.image", 2, 1, 8, 8, radius=0.5) + 0.5  # 0 to 1
    mask = torch.zeros(2, 1, 8, 8)
    mask[0, :, 2:7, 1:5] = 1
    mask[1, :, :, 4:] = 1
    case.tensors["in.mask"] = mask.to(torch.uint8)
    x0 = image * 2 - 1
    predict = lambda x, t: unet(x, t, encoder_hidden_states=context).sample
    told = {}

    def run(name, strength, inpaint):
        scheduler = SCHEDULERS[name](**CONFIG, **OWN.get(name, {}))
        timesteps = start_of(scheduler, strength)
        if len(timesteps) == 0:
            return
        first = noise(0)
        if inpaint and strength == 1.0:
            x = first * scheduler.init_noise_sigma
        else:
            x = scheduler.add_noise(x0, first, timesteps[:1].repeat(2))
        for i, t in enumerate(timesteps):
            scheduling_ddpm.randn_tensor = lambda *_, **__: noise(i + 1)
            output = predict(scheduler.scale_model_input(x, t), t)
            x = scheduler.step(output, t, x).prev_sample
            if inpaint:
                known = x0
                if i < len(timesteps) - 1:
                    known = scheduler.add_noise(x0, first, timesteps[i + 1 : i + 2].repeat(2))
                x = (1 - mask) * known + mask * x
        key = f"{'inpaint' if inpaint else 'img2img'}.{name}.{strength}"
        told[key] = dict(first=float(timesteps[0]), count=len(timesteps))
        case.expect(out={key: x})

    with torch.no_grad():
        for name in SCHEDULERS:
            for strength in (0.3, 0.58, 1.0):
                run(name, strength, False)
                run(name, strength, True)

        # RePaint: 1 is kept there.
        scheduler = RePaintScheduler(eta=0.0, **CONFIG)
        for steps, length, times in ((50, 10, 10), (250, 10, 10), (20, 5, 3)):
            scheduler.set_timesteps(steps, length, times)
            case.tensors[f"repaint.{steps}.{length}.{times}"] = torch.as_tensor(scheduler.timesteps).int()
        for eta in (0.0, 1.0):
            scheduler.eta = eta
            scheduler.set_timesteps(6, 2, 2)
            x, last, undone = noise(0), int(scheduler.timesteps[0]) + 1, 0
            for i, t in enumerate(scheduler.timesteps):
                if t < last:
                    scheduling_repaint.randn_tensor = lambda *_, **__: noise(i + 1)
                    x = scheduler.step(predict(x, t), int(t), x, x0, 1 - mask).prev_sample
                else:
                    def next_noise(*_, **__):
                        nonlocal undone
                        undone += 1
                        return noise(undone - 1, "repaint")
                    scheduling_repaint.randn_tensor = next_noise
                    x = scheduler.undo_step(x, int(last))
                last = int(t)
            case.expect(out={f"repaint.{eta}": x})
            told[f"repaint.{eta}"] = dict(entries=len(scheduler.timesteps))
    case.save()
    with open(os.path.join(root, "pictures", "runs.json"), "w") as out:
        json.dump(told, out, indent=1)
        out.write("\n")
