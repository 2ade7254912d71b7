"""The recipes of lib/mnist/recipes.ts in PyTorch and diffusers, for the comparisons in docs/quality.md: the same data, models,
batches and steps as `npm run train`, judged by the same judge.

    PY=.venv-parity/bin/python
    npm run train -- --recipe blog --keep 0          # ours; also saves the weights that both begin with
    $PY scripts/train_in_torch.py train --init runs/blog/model-0 --output runs/blog-torch --keep 250,500
    $PY scripts/train_in_torch.py sample --model runs/blog-torch --output runs/blog-torch/drawn.safetensors --guidance 2
    npm run evaluate -- --drawn runs/blog-torch/drawn.safetensors
    npm run evaluate -- --checkpoint runs/blog-torch # its weights, drawn with our sampler
    $PY scripts/train_in_torch.py compare --run runs/blog --model runs/blog-torch # losses step by step

The recipe is the recipe.json beside the weights to begin with. `train` can be stopped at any time; the same command goes on.
Order of the images, noise, time steps and the captions left out come from torch's generator, and differ from those of the
run here as two seeds do. With `--draws library` they are the library's own for that seed, so that the two runs differ by
rounding alone (test/parity/train-in-torch.test.ts).
"""
import argparse, glob, json, os, shutil, signal, time
import numpy as np, torch
from safetensors.numpy import save_file

from torch_peer.draws import KINDS, draws
from torch_peer.loop import CAPTIONS, Loop, data, load, settings, tokens


def train(options):
    with open(os.path.join(options.init, "..", "recipe.json")) as file:
        recipe = json.load(file)
    torch.manual_seed(recipe["trainer"]["seed"])
    state_file = os.path.join(options.output, "training.pt")
    resumes = os.path.exists(state_file)
    loop = Loop(options.output if resumes else options.init, recipe)
    clean, labels = data()
    kept = {int(step) for step in options.keep.split(",") if step}
    log = []
    if resumes:
        state = torch.load(state_file)
        loop.load_state(state)
        log = state["log"]
        torch.set_rng_state(state["rng"])
    stopped = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.append(True))

    def save_model(folder):
        for part in ("tokenizer", "scheduler"):
            shutil.copytree(os.path.join(options.init, part), os.path.join(folder, part), dirs_exist_ok=True)
        shutil.copy(os.path.join(options.init, "model_index.json"), folder)
        with loop.averaged():
            loop.unet.save_pretrained(os.path.join(folder, "unet"))
            loop.text.save_pretrained(os.path.join(folder, "text_encoder"))

    def save():
        save_model(options.output)
        torch.save(loop.state() | dict(log=log, rng=torch.get_rng_state()), state_file + ".part")
        os.replace(state_file + ".part", state_file)

    draw = draws(options.draws, settings(recipe), len(labels), loop.scheduler.config.num_train_timesteps)
    steps = recipe["maxSteps"] if options.steps is None else options.steps
    while loop.done < steps and not stopped:
        started = time.perf_counter()
        rows, noise, timesteps, dropped = draw(loop.done)
        loss = loop.step(clean(rows), labels[rows], noise, timesteps, dropped)
        step = loop.done
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
    unet, text, tokenizer, scheduler = load(options.model)
    labels = torch.arange(options.images) % 10
    cond, uncond = text(tokens(tokenizer, CAPTIONS)).last_hidden_state, text(tokens(tokenizer, [""])).last_hidden_state
    drawn = []
    for rows in labels.split(100):
        x = torch.randn(len(rows), 1, 28, 28)
        scheduler.set_timesteps(options.steps)
        for t in scheduler.timesteps:
            if options.guidance == 1:
                prediction = unet(x, t, cond[rows]).sample
            else:
                context = torch.cat([uncond.expand(len(rows), -1, -1), cond[rows]])
                without, given = unet(torch.cat([x, x]), t, context).sample.chunk(2)
                prediction = without + options.guidance * (given - without)
            x = scheduler.step(prediction, t, x).prev_sample
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


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("train")
    command.add_argument("--init", required=True, help="a run's model-0: the weights to begin with")
    command.add_argument("--output", required=True)
    command.add_argument("--steps", type=int, help="default: the recipe's; fewer end earlier, on the same schedule")
    command.add_argument("--draws", choices=KINDS, default="torch", help="whose order, noise, time steps, dropout")
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
    command.add_argument("--run", required=True, help="a run's folder of `npm run train`")
    command.add_argument("--model", required=True, help="the folder of `train` here, with --draws library")
    command.set_defaults(function=compare)
    options = parser.parse_args(arguments)
    options.function(options)


if __name__ == "__main__":
    main()
