"""Flow matching: tables, steps, and the loss of diffusers' examples/dreambooth/train_dreambooth_sd3.py."""
import json, os
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.schedulers import scheduling_flow_match_euler_discrete as module
from diffusers.training_utils import compute_density_for_timestep_sampling, compute_loss_weighting_for_sd3

from goldens.case import Case

TABLES = {
    "plain": dict(), "shift3": dict(shift=3.0), "half": dict(shift=0.5, num_train_timesteps=100),
    "karras": dict(use_karras_sigmas=True), "karras3": dict(shift=3.0, use_karras_sigmas=True),
    "exponential": dict(shift=3.0, use_exponential_sigmas=True), "terminal": dict(shift=3.0, shift_terminal=0.1),
}
SCHEMES = ("none", "logit_normal", "mode", "sigma_sqrt", "cosmap")


def export(root):
    case = Case(root, "flow", 7)
    configs = {}
    for tag, config in TABLES.items():
        scheduler = FlowMatchEulerDiscreteScheduler(**config)
        configs[tag] = config
        case.expect(train={tag: scheduler.timesteps})
        for steps in (1, 10, 28) if "shift_terminal" not in config else (10,):
            if config.get("use_karras_sigmas") and steps == 1:
                continue
            scheduler.set_timesteps(steps)
            case.expect(sigmas={f"{tag}.{steps}": scheduler.sigmas}, timesteps={f"{tag}.{steps}": scheduler.timesteps})
    for tag, config in {"straight": dict(shift=3.0), "stochastic": dict(stochastic_sampling=True)}.items():
        scheduler = FlowMatchEulerDiscreteScheduler(**config)
        configs[f"run.{tag}"] = config
        scheduler.set_timesteps(6)
        x, noises = case.draw(f"in.{tag}.start", 2, 1, 4, 4), case.draw(f"in.{tag}.noise", 6, 2, 1, 4, 4)
        visited = []
        for t, noise in zip(scheduler.timesteps, noises):
            module.randn_tensor = lambda *_, **__: noise
            x = scheduler.step(torch.tanh(x * 0.9 + 0.1 * torch.sin(t * 0.01)) * 0.8, t, x).prev_sample
            visited.append(x)
        case.expect(run={tag: torch.stack(visited)})

    # What is drawn becomes how far along a sample is; the numbers are given in place of the generator's.
    count = 32
    normal, uniform = case.draw("in.normal", count), (case.draw("in.uniform", count, radius=0.5) + 0.5).contiguous()
    torch_normal, torch_rand = torch.normal, torch.rand
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
    x0, noise = case.draw("in.x0", count, 1, 4, 4, radius=1.0), case.draw("in.noise", count, 1, 4, 4)
    prediction = case.draw("in.prediction", count, 1, 4, 4)
    for scheme in SCHEMES:
        torch.normal = lambda mean, std, size, **_: normal * std + mean
        torch.rand = lambda **_: uniform
        u = compute_density_for_timestep_sampling(scheme, count, logit_mean=0.2, logit_std=1.5, mode_scale=1.29)
        torch.normal, torch.rand = torch_normal, torch_rand
        timesteps = scheduler.timesteps[(u * 1000).long()]
        sigmas = torch.stack([scheduler.sigmas[(scheduler.timesteps == t).nonzero().item()] for t in timesteps])
        sigmas = sigmas[:, None, None, None]
        noisy = (1.0 - sigmas) * x0 + sigmas * noise
        weighting = compute_loss_weighting_for_sd3(weighting_scheme=scheme, sigmas=sigmas)
        for precondition in (False, True):
            model_pred = prediction * -sigmas + noisy if precondition else prediction
            target = x0 if precondition else noise - x0
            loss = torch.mean((weighting.float() * (model_pred.float() - target.float()) ** 2).reshape(count, -1), 1).mean()
            case.expect(loss={f"{scheme}.{'preconditioned' if precondition else 'plain'}": loss.reshape(1)})
        case.expect(drawn={scheme: timesteps}, noisy={scheme: noisy[:4]})
    case.save()
    with open(os.path.join(root, "flow", "configs.json"), "w") as out:
        json.dump(configs, out, indent=1)
        out.write("\n")
