"""What a training step draws: the images of its batch, noise, time steps, and whose captions are left out."""
import functools
import torch

from torch_peer import counter_random


class TorchDraws:
    """By torch's own generators: the global one but for the order of the images."""

    @staticmethod
    def order(seed, epoch, count):
        return torch.randperm(count, generator=torch.Generator().manual_seed(seed + epoch))

    @staticmethod
    def noise(seed, step, batch):
        return torch.randn(batch, 1, 28, 28)

    @staticmethod
    def timesteps(seed, step, batch, below):
        return torch.randint(0, below, (batch,))

    @staticmethod
    def weighted(seed, step, batch, weights):
        """Rows of the weights, each as often as its weight says."""
        return torch.multinomial(weights, batch, replacement=True)

    @staticmethod
    def uniform(seed, step, batch):
        return torch.rand(batch)


class LibraryDraws:
    """The library's own for that seed; its trainer counts its steps, not its epochs, from 1."""

    @staticmethod
    def order(seed, epoch, count):
        return torch.from_numpy(counter_random.permutation(count, counter_random.key(seed, "data", epoch)))

    @staticmethod
    def noise(seed, step, batch):
        key = counter_random.key(seed, "noise", step + 1)
        return torch.from_numpy(counter_random.randn((batch, 1, 28, 28), key))

    @staticmethod
    def timesteps(seed, step, batch, below):
        return torch.from_numpy(counter_random.randint(batch, 0, below, counter_random.key(seed, "timesteps", step + 1)))

    @staticmethod
    def weighted(seed, step, batch, weights):
        """By the inverse of the weights' sum."""
        numbers = torch.from_numpy(counter_random.rand(batch, counter_random.key(seed, "timesteps", step + 1)))
        sums = weights.double().cumsum(0)
        return torch.searchsorted(sums, numbers.double() * sums[-1], right=True).clamp(max=len(weights) - 1)

    @staticmethod
    def uniform(seed, step, batch):
        return torch.from_numpy(counter_random.rand(batch, counter_random.key(seed, "dropout", step + 1)))


def timestep_weights(settings, count):
    """How often each time step is drawn, as `timestep_bias_*` of diffusers' train_text_to_image_sdxl.py; None for all alike."""
    strategy = settings.get("timestepBiasStrategy", "none")
    if strategy == "none":
        return None
    portion = int(settings.get("timestepBiasPortion", 0.25) * count)
    begin, end = {
        "earlier": (0, portion),
        "later": (count - portion, count),
        "range": (settings.get("timestepBiasBegin", 0), settings.get("timestepBiasEnd", 1000)),
    }[strategy]
    weights = torch.ones(count)
    weights[begin:end] *= settings.get("timestepBiasMultiplier", 1)
    return weights


KINDS = {"torch": TorchDraws, "library": LibraryDraws}


def draws(kind, trainer, count, timesteps):
    """A function of a step, counted from 0: rows of `count` images, noise, time steps below `timesteps`, captions left out.

    `trainer`: batchSize, seed, captionDropout and timestepBias… of a recipe, as `settings` of loop.py gives them.
    """
    source, seed, batch = KINDS[kind], trainer["seed"], trainer["batchSize"]
    dropout, weights = trainer.get("captionDropout", 0), timestep_weights(trainer, timesteps)
    order_of = functools.lru_cache(maxsize=1)(lambda epoch: source.order(seed, epoch, count))

    def draw(step):
        epoch, place = divmod(step, count // batch)
        rows = order_of(epoch)[place * batch : (place + 1) * batch]
        noise = source.noise(seed, step, batch)
        chosen = source.timesteps(seed, step, batch, timesteps) if weights is None else source.weighted(seed, step, batch, weights)
        # No draw without dropout, so that the other numbers do not depend on there being the option.
        dropped = source.uniform(seed, step, batch) < dropout if dropout else torch.zeros(batch, dtype=torch.bool)
        return rows, noise, chosen, dropped

    return draw
