"""Adapters: outputs, gradients, steps of AdamW, and files in every spelling, of peft and diffusers."""
import json, os
import torch
import torch.nn.functional as F
from diffusers import DDPMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.utils import convert_state_dict_to_diffusers, convert_state_dict_to_kohya
from diffusers.utils.state_dict_utils import convert_unet_state_dict_to_peft
from peft import LoraConfig, get_peft_model
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel

from goldens.case import Case

TINY = dict(
    sample_size=8, in_channels=1, out_channels=1, layers_per_block=1, block_out_channels=(16, 32), norm_num_groups=16,
    attention_head_dim=4, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
    up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=32,
)
TEXT = dict(vocab_size=99, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
            max_position_embeddings=16, projection_dim=32, bos_token_id=97, eos_token_id=98, pad_token_id=1)
ATTENTION = ["to_q", "to_k", "to_v", "to_out.0"]


def adapter(case, model, tag, start=False, **config):
    """Adds an adapter with drawn weights; at the start of a training B is 0."""
    model.add_adapter(LoraConfig(**config), adapter_name=tag)
    parameters = {}
    for key, parameter in model.named_parameters():
        if f".{tag}." not in key:
            parameter.requires_grad_(False)
            continue
        name = key.replace(f".{tag}.", ".")
        parameters[name] = parameter.requires_grad_()
        with torch.no_grad():
            if start and "lora_B" in key:
                parameter.zero_()
            else:
                parameter.copy_(case.draw(f"lora.{tag}.{name}", *parameter.shape, radius=0.25))
    return parameters


def export(root):
    unet_case = Case(root, "lora-unet", 5)
    text_case = Case(root, "lora-text", 5)
    outputs(unet_case)
    texts(text_case)
    files(root, unet_case, text_case)


def fresh(case):
    return case.weigh(UNet2DConditionModel(**TINY)).eval()


def outputs(case):
    unet = fresh(case)
    x, context = case.draw("in.sample", 2, 1, 8, 8), case.draw("in.encoder_hidden_states", 2, 5, 32)
    target = case.draw("in.noise", 2, 1, 8, 8)
    t = case.integers("in.timestep", 2, 1000)
    run = lambda model, **options: model(x, t, encoder_hidden_states=context, **options).sample

    def gradients(tag, parameters):
        loss = F.mse_loss(run(unet), target)
        loss.backward()
        case.expect(**{tag: {"sample": run(unet), "loss": loss.reshape(1)}})
        case.expect(**{f"{tag}.grad": {name: p.grad for name, p in parameters.items()}})
        for p in parameters.values():
            p.grad = None

    case.expect(plain={"sample": run(unet)})
    gradients("attention", adapter(case, unet, "attention", r=4, lora_alpha=8, target_modules=ATTENTION))
    with torch.no_grad():
        case.expect(scale={"sample": run(unet, cross_attention_kwargs={"scale": 0.5})})
    # Convolutions of stride 1 and 2 and of one pixel, ranks and alphas by pattern, divided by the root.
    patterns = dict(
        r=2, lora_alpha=4, use_rslora=True,
        target_modules=["conv1", "conv_shortcut", "downsamplers.0.conv", "proj_in", "ff.net.0.proj", "linear_1", "to_q"],
        rank_pattern={"conv1": 3, "attn2.to_q": 1}, alpha_pattern={"conv1": 1, "down_blocks.*.to_q": 8},
    )
    mixed = adapter(case, unet, "mixed", **patterns)
    unet.set_adapters(["mixed"])
    for p in mixed.values():
        p.requires_grad_()
    gradients("mixed", {name: p for name, p in mixed.items() if "attentions.0" not in name})
    unet.set_adapters(["attention", "mixed"], [0.7, -0.5])
    with torch.no_grad():
        case.expect(both={"sample": run(unet)})
        unet.fuse_lora(lora_scale=0.8, adapter_names=["attention"])
    name = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
    case.expect(fused={name: unet.get_submodule(name).base_layer.weight})

    # The first steps of a training.
    unet = fresh(case)
    parameters = adapter(case, unet, "start", start=True, r=4, lora_alpha=4, target_modules=ATTENTION)
    optimizer = torch.optim.AdamW(parameters.values(), lr=1e-2, weight_decay=1e-2, eps=1e-8)
    losses = []
    for step in range(3):
        optimizer.zero_grad()
        loss = F.mse_loss(run(unet), target)
        loss.backward()
        if step == 0:
            assert all(p.grad.abs().max() == 0 for name, p in parameters.items() if "lora_A" in name)
            assert all(p.grad.abs().max() > 0 for name, p in parameters.items() if "lora_B" in name)
        losses.append(loss.detach())
        optimizer.step()
    case.expect(adamw={"losses": torch.stack(losses)})
    case.expect(adamw=parameters)


def texts(case):
    model = case.weigh(CLIPTextModel(CLIPTextConfig(**TEXT))).eval()
    ids = torch.tensor([[97, 5, 9, 11, 98, 98, 98, 98], [97, 3, 4, 5, 6, 7, 8, 98]])
    case.tensors["in.input_ids"] = ids
    adapter(case, model, "text", r=2, lora_alpha=6, target_modules=["q_proj", "k_proj", "v_proj", "out_proj", "fc1"])
    with torch.no_grad():
        case.expect(out={"last_hidden_state": model(ids).last_hidden_state})


def files(root, unet_case, text_case):
    """One adapter in every spelling, and what the real loader makes of each file."""
    folder = os.path.join(root, "lora-files")
    os.makedirs(os.path.join(folder, "peft"), exist_ok=True)
    targets = dict(r=2, lora_alpha=6, target_modules=["attn2.to_q", "attn2.to_out.0"])
    wide = dict(r=2, lora_alpha=6, target_modules=["attn2.to_q", "ff.net.2", "downsamplers.0.conv"],
                rank_pattern={"ff.net.2": 3}, alpha_pattern={"downsamplers.0.conv": 5})
    at = lambda name: os.path.join(folder, name)
    case = Case(folder, "cases", 6)
    os.rmdir(at("cases"))

    unet = fresh(unet_case)
    adapter(case, unet, "default", **targets)
    own = get_peft_model_state_dict(unet)
    scripts = convert_state_dict_to_diffusers(own)
    config = unet.peft_config["default"].to_dict()
    pipe = lambda name, **layers: StableDiffusionPipeline.save_lora_weights(folder, weight_name=name, **layers)
    pipe("scripts.safetensors", unet_lora_layers=scripts)
    pipe("peft-keys.safetensors", unet_lora_layers=own)
    pipe("metadata.safetensors", unet_lora_layers=scripts, unet_lora_adapter_metadata=config)
    unet.save_lora_adapter(folder, weight_name="model.safetensors", adapter_name="default")
    kohya = convert_state_dict_to_kohya({f"unet.{k}": v for k, v in own.items()})
    kohya = {k: torch.tensor(3.0) if k.endswith(".alpha") else v for k, v in kohya.items()}
    save_file({k: v.detach().clone().contiguous() for k, v in kohya.items()}, at("kohya.safetensors"))
    rename = lambda key: (f"unet.{key}".replace(".attn2.to_q.lora_A", ".attn2.processor.to_q_lora.down")
                          .replace(".attn2.to_q.lora_B", ".attn2.processor.to_q_lora.up")
                          .replace(".attn2.to_out.0.lora_A", ".attn2.processor.to_out_lora.down")
                          .replace(".attn2.to_out.0.lora_B", ".attn2.processor.to_out_lora.up"))
    save_file({rename(k): v.detach().clone().contiguous() for k, v in own.items()}, at("processors.safetensors"))

    unet = fresh(unet_case)
    adapter(case, unet, "wide", **wide)
    own = get_peft_model_state_dict(unet, adapter_name="wide")
    pipe("mixed-spelling.safetensors", unet_lora_layers=convert_state_dict_to_diffusers(own))
    pipe("patterns.safetensors", unet_lora_layers=own, unet_lora_adapter_metadata=unet.peft_config["wide"].to_dict())
    half = {k: v.half() for k, v in own.items()}
    pipe("half.safetensors", unet_lora_layers=half)

    text = text_case.weigh(CLIPTextModel(CLIPTextConfig(**TEXT))).eval()
    adapter(case, text, "text", r=2, lora_alpha=6, target_modules=["q_proj", "out_proj"])
    own = get_peft_model_state_dict(text, adapter_name="text")
    spelled = convert_state_dict_to_diffusers(own)
    pipe("text.safetensors", text_encoder_lora_layers=spelled,
         text_encoder_lora_adapter_metadata=text.peft_config["text"].to_dict())
    pipe("text-old.safetensors", text_encoder_lora_layers={f"text_model.{k}": v for k, v in spelled.items()})

    model = get_peft_model(fresh(unet_case), LoraConfig(**targets))
    for key, parameter in model.named_parameters():
        if "lora_" in key:
            name = key.removeprefix("base_model.model.").replace(".default.", ".")
            parameter.data.copy_(case.draw(f"lora.default.{name}", *parameter.shape, radius=0.25))
    model.save_pretrained(at("peft"))
    if os.path.exists(readme := os.path.join(at("peft"), "README.md")):
        os.remove(readme)

    expected = {}
    x, context = unet_case.inputs["in.sample"], unet_case.inputs["in.encoder_hidden_states"]
    ids = text_case.tensors["in.input_ids"]
    for name in sorted(os.listdir(folder)):
        if name in ("peft", "expected.safetensors"):
            continue
        text = text_case.weigh(CLIPTextModel(CLIPTextConfig(**TEXT))).eval()
        whole = StableDiffusionPipeline(
            vae=None, text_encoder=text, tokenizer=None, unet=fresh(unet_case), scheduler=DDPMScheduler(),
            safety_checker=None, feature_extractor=None, requires_safety_checker=False)
        try:
            if name == "model.safetensors":
                whole.unet.load_lora_adapter(folder, weight_name=name, prefix=None)
            elif name.startswith("mixed"):
                # By itself, diffusers 0.42 drops what is spelled lora.down where the first key says lora_A.
                plain = convert_unet_state_dict_to_peft(load_file(at(name)))
                whole.load_lora_weights(plain)
            else:
                whole.load_lora_weights(folder, weight_name=name)
        except Exception as error:
            print(name, "is not loaded:", str(error)[:200])
            continue
        with torch.no_grad():
            expected[f"{name}.unet"] = whole.unet(torch.from_numpy(x), unet_case.tensors["in.timestep"],
                                                  encoder_hidden_states=torch.from_numpy(context)).sample
            if name.startswith("text"):
                expected[f"{name}.text"] = whole.text_encoder(ids).last_hidden_state
    with torch.no_grad():
        expected["peft.unet"] = model(torch.from_numpy(x), unet_case.tensors["in.timestep"],
                                      encoder_hidden_states=torch.from_numpy(context)).sample
    save_file({k: v.contiguous() for k, v in expected.items()}, at("expected.safetensors"))
    unet_case.save()
    text_case.save()
    print("lora", {k: [float(v.abs().max())] for k, v in expected.items()})
