"""Tiny models, saved by diffusers and transformers in half precision as the variant fp16, whole and in shards.

Written below the folder: `unet`, `unet-shards`, `text` and `text-shards` with the variant alone; `…-plain` with the same
numbers as float32 and without a variant.
"""
import os, sys
import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

folder = sys.argv[1]
torch.manual_seed(0)
unet = UNet2DConditionModel(
    sample_size=8, in_channels=1, out_channels=1, layers_per_block=1, block_out_channels=(16, 32), norm_num_groups=8,
    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    cross_attention_dim=32,
)
text = CLIPTextModel(CLIPTextConfig(
    vocab_size=50, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
    bos_token_id=48, eos_token_id=49,
))
for name, model in (("unet", unet), ("text", text)):
    half = model.half()
    half.save_pretrained(os.path.join(folder, name), variant="fp16")
    half.save_pretrained(os.path.join(folder, f"{name}-shards"), variant="fp16", max_shard_size="30KB")
    half.float().save_pretrained(os.path.join(folder, f"{name}-plain"))
