"""The optimizer of a recipe, of torch.optim: AdamW, or Muon for hidden matrices beside it."""
import re
import torch

# As lib/optim/muon-with-aux-adam.ts: first and last layers, tables, and the text encoder are AdamW's.
OUTER = re.compile(r"^text_encoder\.|(^|\.)(conv_in|conv_out|\w*_embeddings?|embeddings?)(\.|$)")


class Optimizer:
    """Of parameters by name; `trainer` has optimizer, learningRate and lrScales of a recipe."""

    def __init__(self, named, trainer):
        self.named, lr = named, trainer["learningRate"]
        hidden = trainer.get("optimizer") == "muon"
        self.hidden = [p for name, p in named.items() if hidden and p.ndim >= 2 and not OUTER.search(name)]
        # torch's Muon takes matrices only: those of a convolution share its numbers
        self.matrices = [torch.nn.Parameter(p.data.flatten(1)) for p in self.hidden]
        of_muon = {id(p) for p in self.hidden}
        groups = {}
        for name, p in named.items():
            if id(p) not in of_muon:
                scales = {part: scale for part, scale in trainer.get("lrScales", {}).items() if name.startswith(f"{part}.")}
                groups.setdefault(scales[max(scales, key=len)] if scales else 1.0, []).append(p)
        self.parts = [torch.optim.AdamW([dict(params=params, lr=lr * scale) for scale, params in groups.items()])]
        if hidden:
            muon = torch.optim.Muon(self.matrices, lr=lr, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
            self.parts.append(muon)
        self.rates = [[group["lr"] for group in part.param_groups] for part in self.parts]

    def zero_grad(self):
        for p in self.named.values():
            p.grad = None

    def step(self, factor):
        """With the learning rates times a factor."""
        for p, matrix in zip(self.hidden, self.matrices):
            matrix.data, matrix.grad = p.data.flatten(1), p.grad.flatten(1)
        for part, rates in zip(self.parts, self.rates):
            for group, lr in zip(part.param_groups, rates):
                group["lr"] = lr * factor
            part.step()

    def state_dict(self):
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states):
        for part, state in zip(self.parts, states):
            part.load_state_dict(state)
