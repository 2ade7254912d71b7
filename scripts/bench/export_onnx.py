"""The UNet of a checkpoint as ONNX: python export_onnx.py CHECKPOINT FILE.onnx; needs torch, diffusers and onnx."""

import sys
import warnings

import torch
from diffusers import UNet2DConditionModel

warnings.filterwarnings("ignore")


class Plain(torch.nn.Module):
    """Tensors in, a tensor out."""

    def __init__(self, unet):
        super().__init__()
        self.unet = unet

    def forward(self, sample, timestep, encoder_hidden_states):
        return self.unet(sample, timestep, encoder_hidden_states, return_dict=False)[0]


folder, file = sys.argv[1:]
unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet").eval()
size, channels = unet.config.sample_size, unet.config.in_channels
names = ["sample", "timestep", "encoder_hidden_states"]
torch.onnx.export(
    Plain(unet),
    (
        torch.randn(2, channels, size, size),
        torch.full((2,), 500, dtype=torch.int64),
        torch.randn(2, 8, unet.config.cross_attention_dim),
    ),
    file,
    input_names=names,
    output_names=["prediction"],
    dynamo=False,
    opset_version=17,
    dynamic_axes={name: {0: "batch"} for name in [*names, "prediction"]},
)
print(torch.__version__)
