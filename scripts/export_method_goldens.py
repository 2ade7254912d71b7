"""Writes test/fixtures/methods/case.safetensors: training and sampling methods as torch and diffusers compute them.

    .venv-parity/bin/python scripts/export_method_goldens.py test/fixtures/methods

min-SNR weights and losses after diffusers' examples/text_to_image/train_text_to_image.py, whose lines are repeated
here with its `compute_snr`; torch's OneCycleLR; EulerDiscreteScheduler and HeunDiscreteScheduler, dynamic
thresholding of DDPM, DDIM and DPM-Solver++; DPM-Solver++ with noise; `rescale_noise_cfg` of the Stable Diffusion pipeline;
the contrastive loss of github.com/gstoica27/DeltaFM, the next image of the batch for the one that is drawn there; the target of
github.com/tzco/Diffusion-wo-CFG, with the model itself for its average and every eighth image.
"""
import json, os, sys
import torch
import torch.nn.functional as F
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
)
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg
from diffusers.training_utils import compute_snr
from safetensors.torch import save_file

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
generator = torch.Generator().manual_seed(31)
randn = lambda *shape: torch.randn(*shape, generator=generator)
out, runs = {}, {}

# min-SNR
timesteps = torch.tensor([0, 1, 100, 250, 499, 700, 998])
out["minsnr.timesteps"] = timesteps
out["minsnr.prediction"], out["minsnr.target"] = randn(7, 1, 4, 4), randn(7, 1, 4, 4)
for prediction in ("epsilon", "v_prediction"):
    scheduler = DDPMScheduler(beta_schedule="squaredcos_cap_v2", prediction_type=prediction)
    snr = compute_snr(scheduler, timesteps)
    weights = torch.stack([snr, 5.0 * torch.ones_like(timesteps)], dim=1).min(dim=1)[0]
    weights = weights / snr if prediction == "epsilon" else weights / (snr + 1)
    loss = F.mse_loss(out["minsnr.prediction"], out["minsnr.target"], reduction="none")
    out[f"minsnr.weights.{prediction}"] = weights
    out[f"minsnr.loss.{prediction}"] = (loss.mean(dim=[1, 2, 3]) * weights).mean().reshape(1)

# OneCycleLR
for tag, options in {"default": {}, "other": dict(pct_start=0.2, div_factor=10, final_div_factor=100)}.items():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=50, **options)
    rates = []
    for _ in range(50):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step() if len(rates) < 50 else None
    out[f"onecycle.{tag}"] = torch.tensor(rates, dtype=torch.float64)


def fake_model(x, t):
    return torch.tanh(x * 0.9 + 0.1 * torch.sin(t.float() * 0.01)) * 0.8


class DoubleTorch:
    """torch, in which float32 is float64."""

    float32 = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


def run(tag, scheduler, steps, scale=1.0, noisy=False):
    """The images after every step, from the same start; what the model sees is scaled as the scheduler says.

    In double precision: where the image is held as x0 + 20,000 noise, float32 keeps three digits of the next one.
    """
    scheduler.set_timesteps(steps)
    module = sys.modules[type(scheduler).__module__]
    module.torch = DoubleTorch()
    if tag.startswith(("euler", "heun")):
        scheduler.sigmas = scheduler.sigmas.double()  # the same numbers; their differences then lose nothing
    x = start.double() * scheduler.init_noise_sigma
    visited, noises = [], []
    for t in scheduler.timesteps:
        model_output = fake_model(scheduler.scale_model_input(x, t), t) * scale
        options = {}
        if noisy:
            noises.append(randn(*x.shape))
            options["variance_noise"] = noises[-1].double()
        x = scheduler.step(model_output, t, x, **options).prev_sample
        assert x.dtype == torch.float64
        visited.append(x.clone())
    module.torch = torch
    out[f"run.{tag}"] = torch.stack(visited)
    if noisy:
        out[f"noise.{tag}"] = torch.stack(noises)
    out[f"timesteps.{tag}"] = scheduler.timesteps.to(torch.float32)
    config = {k: v for k, v in scheduler.config.items() if not k.startswith("_") and v != -float("inf")}
    runs[tag] = dict(name=type(scheduler).__name__, steps=steps, scale=scale, config=config)


start = randn(2, 1, 4, 4)
out["start"] = start
cosine = dict(beta_schedule="squaredcos_cap_v2")
for spacing in ("linspace", "leading", "trailing"):
    for prediction in ("epsilon", "v_prediction", "sample"):
        tag = f"{spacing}.{prediction}"
        options = dict(cosine, timestep_spacing=spacing, prediction_type=prediction)
        if prediction != "sample":  # diffusers' Euler refuses it
            run(f"euler.{tag}", EulerDiscreteScheduler(**options), 8)
        # Over the cosine schedule σ begins at 20,000, where x0 cannot be had from the noise in float32.
        heun = options if prediction == "v_prediction" else {**options, "beta_schedule": "linear"}
        run(f"heun.{tag}", HeunDiscreteScheduler(**heun), 6)
run("euler.linear", EulerDiscreteScheduler(), 11)
run("euler.zsnr", EulerDiscreteScheduler(rescale_betas_zero_snr=True, timestep_spacing="trailing", prediction_type="v_prediction", **cosine), 10)
run("euler.one", EulerDiscreteScheduler(timestep_spacing="trailing", **cosine), 1)

# Dynamic thresholding: a model that goes far out, and room up to 2.5
threshold = dict(thresholding=True, sample_max_value=2.5, dynamic_thresholding_ratio=0.9, prediction_type="sample", **cosine)
run("threshold.ddim", DDIMScheduler(clip_sample=False, **threshold), 6, scale=4.0)
run("threshold.dpm", DPMSolverMultistepScheduler(**threshold), 6, scale=4.0)
plain = dict(threshold, sample_max_value=1.0)  # diffusers' default: clips
run("threshold.clip", DPMSolverMultistepScheduler(**plain), 6, scale=4.0)
ddpm = DDPMScheduler(**threshold)
ddpm.set_timesteps(5)
# The last step adds no noise.
out["threshold.ddpm"] = ddpm.step(fake_model(start, torch.tensor(0)) * 4, 0, start).prev_sample

# Guidance rescale
cond, uncond = randn(3, 1, 4, 4), randn(3, 1, 4, 4)
out["rescale.cond"], out["rescale.uncond"] = cond, uncond
guided = uncond + 7.5 * (cond - uncond)
for rescale in (0.0, 0.7, 1.0):
    out[f"rescale.out.{rescale}"] = rescale_noise_cfg(guided, cond, guidance_rescale=rescale)

# DPM-Solver++ of the stochastic equation
sde = dict(cosine, algorithm_type="sde-dpmsolver++")
run("sde.linspace", DPMSolverMultistepScheduler(**sde), 8, noisy=True)
run("sde.long", DPMSolverMultistepScheduler(timestep_spacing="leading", **sde), 16, noisy=True)
run("sde.heun", DPMSolverMultistepScheduler(solver_type="heun", prediction_type="sample", **sde), 8, noisy=True)
zsnr = dict(sde, rescale_betas_zero_snr=True, timestep_spacing="trailing", prediction_type="v_prediction")
run("sde.zsnr", DPMSolverMultistepScheduler(**zsnr), 20, noisy=True)

# Contrastive flow matching, weight 0.05
contrast = {name: randn(7, 1, 4, 4) for name in ("prediction", "latents", "noise")}
out |= {f"contrast.{name}": value for name, value in contrast.items()}
for target in ("epsilon", "v_prediction", "flow"):
    scheduler = DDPMScheduler(beta_schedule="squaredcos_cap_v2")
    target_of = {
        "epsilon": lambda x, noise: noise,
        "v_prediction": lambda x, noise: scheduler.get_velocity(x, noise, timesteps),
        "flow": lambda x, noise: noise - x,
    }[target]
    prediction = contrast["prediction"].clone().requires_grad_()
    own = target_of(contrast["latents"], contrast["noise"])
    other = target_of(contrast["latents"].roll(-1, 0), contrast["noise"].roll(-1, 0))
    loss = F.mse_loss(prediction, own) - 0.05 * F.mse_loss(prediction, other)
    loss.backward()
    out[f"contrast.loss.{target}"] = loss.detach().reshape(1)
    out[f"contrast.grad.{target}"] = prediction.grad

# Model guidance, scale 1.2, of a model with two numbers
guided = {name: randn(11, 1, 4, 4) for name in ("latents", "noise")} | {"hidden": randn(11, 2, 3), "empty": randn(1, 2, 3)}
guided["timesteps"] = torch.arange(11) * 90 + 20
out |= {f"guided.{name}": value for name, value in guided.items()}
places = torch.arange(0, 11, 8)
for target in ("epsilon", "v_prediction", "flow"):
    scheduler = DDPMScheduler(beta_schedule="squaredcos_cap_v2")
    x, noise, timesteps = guided["latents"], guided["noise"], guided["timesteps"]
    noisy = scheduler.add_noise(x, noise, timesteps)
    goal = {"epsilon": noise, "v_prediction": scheduler.get_velocity(x, noise, timesteps), "flow": noise - x}[target].clone()
    if target == "flow":  # σ = ½ for all
        noisy = (x + noise) / 2
    a, b = (torch.tensor(value, requires_grad=True) for value in (0.7, 0.4))
    model = lambda sample, hidden: a * sample + b * hidden.mean(dim=[1, 2]).reshape(-1, 1, 1, 1)
    prediction = model(noisy, guided["hidden"])
    with torch.no_grad():
        w = (1.2 - 1) * 11 / len(places)
        goal[places] = goal[places] + w * (prediction[places] - model(noisy[places], guided["empty"]))
    loss = F.mse_loss(prediction, goal)
    loss.backward()
    out[f"guided.loss.{target}"] = loss.detach().reshape(1)
    out[f"guided.grad.{target}"] = torch.stack([a.grad, b.grad])

save_file({k: v.contiguous() for k, v in out.items()}, os.path.join(folder, "case.safetensors"))
with open(os.path.join(folder, "runs.json"), "w") as file:
    json.dump(runs, file, indent=1)
    file.write("\n")
