"""A folder of test/fixtures: what it draws (drawn.py) and what it expects."""
import json, os, shutil, tempfile
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from goldens import drawn
from torch_peer import counter_random

# A gradient of up to this many numbers is kept whole in every case.
SMALL = 1024


class Case:
    def __init__(self, root, name, seed):
        self.name, self.seed, self.folder = name, seed, os.path.join(root, name)
        self.tensors, self.inputs, self.drawn = {}, {}, {}
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)

    def draw(self, key, *shape, radius=2.0):
        """A float32 input that the file only names."""
        array = drawn.uniform(self.seed, f"{self.name}/{key}", shape, radius)
        self.inputs[key], self.drawn[key] = array, {"shape": list(shape), "radius": radius}
        return torch.from_numpy(array.copy())

    def integers(self, key, count, below):
        """int64 from 0 to below - 1; a few bytes, so they are kept."""
        position = counter_random.key(self.seed, f"{self.name}/{key}", 0)
        self.tensors[key] = torch.from_numpy(counter_random.randint(count, 0, below, position))
        return self.tensors[key]

    def weigh(self, model):
        """Gives the model drawn weights; keeps its config, and the names and shapes of its file."""
        with tempfile.TemporaryDirectory() as folder:
            model.save_pretrained(folder)
            shutil.copy(os.path.join(folder, "config.json"), self.folder)
            [file] = [name for name in os.listdir(folder) if name.endswith(".safetensors")]
            with safe_open(os.path.join(folder, file), "pt") as weights:
                shapes = {key: weights.get_slice(key).get_shape() for key in sorted(weights.keys())}
        state = drawn.weights(self.seed, self.name, shapes)
        model.load_state_dict({key: torch.from_numpy(array) for key, array in state.items()}, strict=True)
        lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(shape)}" for key, shape in shapes.items())
        with open(os.path.join(self.folder, "weights.json"), "w") as out:
            out.write(f'{{\n "file": "{file}",\n "seed": {self.seed},\n "sha256": "{drawn.digest(state)}",\n')
            out.write(f' "shapes": {{\n{lines}\n }}\n}}\n')
        return model

    def expect(self, **groups):
        """Tensors by group and name: expect(out={"loss": x}) is `out.loss`."""
        for group, tensors in groups.items():
            self.tensors.update({f"{group}.{key}": value.detach().clone() for key, value in tensors.items()})

    def expect_gradients(self, model, whole=True):
        """Every gradient, or of the large ones only the norm and the projections."""
        for key, parameter in model.named_parameters():
            if whole or parameter.numel() <= SMALL:
                self.expect(grad={key: parameter.grad})
                continue
            exact = parameter.grad.double()
            projections = drawn.projections(self.seed, f"{self.name}/signs/{key}", exact.numpy())
            self.expect(gradnorm={key: exact.norm().reshape(1).float()})
            self.expect(gradsigns={key: torch.from_numpy(projections).float()})

    def save(self):
        # One entry: the package writes several in an order of its own at each run.
        told = {"seed": self.seed, "sha256": drawn.digest(self.inputs), "tensors": self.drawn}
        save_file({key: value.contiguous() for key, value in self.tensors.items()},
                  os.path.join(self.folder, "case.safetensors"),
                  {"drawn": json.dumps(told)} if self.drawn else {})
