"""An inpainting UNet: widened from a trained one, its loss and gradients, and trajectories as the 9-channel branch of diffusers'
StableDiffusionInpaintPipeline takes them, which itself refuses UNets of other than 4 or 9 channels."""
import json, os
import torch
import torch.nn.functional as F
from diffusers import DDPMScheduler, EulerDiscreteScheduler, HeunDiscreteScheduler, UNet2DConditionModel
from diffusers.schedulers import scheduling_ddpm

from goldens.case import Case
from goldens.lora import TINY
from goldens.pictures import CONFIG, STEPS, noise, start_of

SCHEDULERS = {"ddpm": DDPMScheduler, "euler": EulerDiscreteScheduler, "heun": HeunDiscreteScheduler}
SCALE = 1.5


def widened(unet):
    """As train_instruct_pix2pix.py widens conv_in, but with the bias kept."""
    made = UNet2DConditionModel(**{**TINY, "in_channels": 3})
    state = unet.state_dict()
    weight = torch.zeros(made.conv_in.weight.shape)
    weight[:, :1] = state["conv_in.weight"]
    made.load_state_dict(state | {"conv_in.weight": weight}, strict=True)
    return made.eval()


def export(root):
    case = Case(root, "inpainting", 6)
    wide = case.weigh(UNet2DConditionModel(**{**TINY, "in_channels": 3})).eval()
    context = case.draw("in.encoder_hidden_states", 2, 8, 32)
    empty = case.draw("in.empty", 1, 8, 32).repeat(2, 1, 1)
    image = case.draw("in.image", 2, 1, 8, 8, radius=0.5) + 0.5
    mask = torch.zeros(2, 1, 8, 8)
    mask[0, :, 2:7, 1:5] = 1
    mask[1, :, :, 4:] = 1
    case.tensors["in.mask"] = mask.to(torch.uint8)
    x0 = image * 2 - 1
    masked = x0 * (mask < 0.5)
    told = {}

    # One step of the training: forward, loss over the whole image, gradients.
    timesteps = torch.tensor([20, 700])
    target = case.draw("in.noise", 2, 1, 8, 8)
    scheduler = DDPMScheduler(**CONFIG)
    noisy = scheduler.add_noise(x0, target, timesteps)
    output = wide(torch.cat([noisy, mask, masked], 1), timesteps, encoder_hidden_states=context).sample
    loss = F.mse_loss(output, target)
    loss.backward()
    case.expect(out=dict(forward=output, loss=loss.reshape(1)), grad={"conv_in.weight": wide.conv_in.weight.grad})

    # A widened model predicts what the plain one does, whatever mask and picture are.
    thin = UNet2DConditionModel(**TINY)
    thin.load_state_dict(wide.state_dict() | {"conv_in.weight": wide.conv_in.weight[:, :1].detach()}, strict=True)
    with torch.no_grad():
        both = [
            thin.eval()(noisy, timesteps, encoder_hidden_states=context).sample,
            widened(thin)(torch.cat([noisy, mask, masked], 1), timesteps, encoder_hidden_states=context).sample,
        ]
        assert torch.equal(widened(thin).conv_in.bias, thin.conv_in.bias)
        case.expect(out=dict(thin=both[0], widened=both[1]))
        for name, Scheduler in SCHEDULERS.items():
            for strength in (0.58, 1.0):
                scheduler = Scheduler(**CONFIG)
                steps = start_of(scheduler, strength)
                first = noise(0)
                x = first * scheduler.init_noise_sigma
                if strength < 1:
                    x = scheduler.add_noise(x0, first, steps[:1].repeat(2))
                for i, t in enumerate(steps):
                    scheduling_ddpm.randn_tensor = lambda *_, **__: noise(i + 1)
                    scaled = scheduler.scale_model_input(torch.cat([x] * 2), t)
                    seen = torch.cat([scaled, torch.cat([mask] * 2), torch.cat([masked] * 2)], 1)
                    uncond, text = wide(seen, t, encoder_hidden_states=torch.cat([empty, context])).sample.chunk(2)
                    x = scheduler.step(uncond + SCALE * (text - uncond), t, x).prev_sample
                key = f"{name}.{strength}"
                told[key] = dict(first=float(steps[0]), count=len(steps), steps=STEPS, scale=SCALE)
                case.expect(out={key: x})
    case.save()
    with open(os.path.join(root, "inpainting", "runs.json"), "w") as out:
        json.dump(told, out, indent=1)
        out.write("\n")
