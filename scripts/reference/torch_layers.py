#!/usr/bin/env python3
"""Outputs and gradients of torch.nn's Transformer stacks, to hold the program's own encoder and decoder against.

    python scripts/reference/torch_layers.py        writes tests/golden/torch_transformer.json

Needs torch and nothing else. Parameters carry the names that they have here; everything is in double, weights and
inputs are rounded first, so that both sides start from the same numbers.
"""

import json
from pathlib import Path

import torch
from torch import nn

GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden" / "torch_transformer.json"
D_MODEL, D_FF, HEADS, LAYERS = 4, 6, 2, 2
PADDED = [[False] * 5, [False, False, False, True, True]]  # keys of the source that are padding

# Ours: torch.nn's, inside of one layer. Queries, keys and values are one matrix there.
ENCODER_LAYER = {
    "self_attention": "self_attn",
    "self_attention_residual.norm": "norm1",
    "feed_forward.inner": "linear1",
    "feed_forward.outer": "linear2",
    "feed_forward_residual.norm": "norm2",
}
DECODER_LAYER = ENCODER_LAYER | {
    "cross_attention": "multihead_attn",
    "cross_attention_residual.norm": "norm2",
    "feed_forward_residual.norm": "norm3",
}


def rounded(shape, generator):
    return torch.randn(shape, generator=generator, dtype=torch.float64).mul(500).round() / 1000


def randomize(module, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(rounded(parameter.shape, generator))


def ours(tensors, layer_names, final_norm):
    """{name in torch.nn: tensor} -> {our name: tensor}."""
    named = {}
    for i in range(LAYERS):
        for name, theirs in layer_names.items():
            here, there = f"layers.{i}.{name}", f"layers.{i}.{theirs}"
            for kind in ("weight", "bias"):
                if name.endswith("attention"):
                    parts = tensors[f"{there}.in_proj_{kind}"].chunk(3)
                    for part, tensor in zip(("query", "key", "value"), parts):
                        named[f"{here}.{part}.{kind}"] = tensor
                    named[f"{here}.output.{kind}"] = tensors[f"{there}.out_proj.{kind}"]
                elif name.endswith("norm"):
                    named[f"{here}.{'gain' if kind == 'weight' else 'bias'}"] = tensors[f"{there}.{kind}"]
                else:
                    named[f"{here}.{kind}"] = tensors[f"{there}.{kind}"]
    if final_norm:
        named["final_norm.gain"], named["final_norm.bias"] = tensors["norm.weight"], tensors["norm.bias"]
    return named


def numbers(tensor):
    return {"shape": list(tensor.shape), "values": [round(x, 11) + 0.0 for x in tensor.flatten().tolist()]}


def case(stack, residual, activation, seed):
    options = {"d_model": D_MODEL, "nhead": HEADS, "dim_feedforward": D_FF, "dropout": 0.0, "activation": activation,
               "batch_first": True, "norm_first": residual == "pre_norm", "dtype": torch.float64}
    norm = nn.LayerNorm(D_MODEL, dtype=torch.float64) if residual == "pre_norm" else None
    generator = torch.Generator().manual_seed(seed)
    x = rounded((2, 5, D_MODEL), generator).requires_grad_()
    inputs = {"x": x}
    padding = torch.tensor(PADDED)
    if stack == "encoder":
        module = nn.TransformerEncoder(nn.TransformerEncoderLayer(**options), LAYERS, norm, enable_nested_tensor=False)
        randomize(module, seed)
        output = module(x, src_key_padding_mask=padding)
        names = ENCODER_LAYER
    else:
        module = nn.TransformerDecoder(nn.TransformerDecoderLayer(**options), LAYERS, norm)
        randomize(module, seed)
        inputs["memory"] = rounded((2, 5, D_MODEL), generator).requires_grad_()
        causal = torch.ones(5, 5, dtype=torch.bool).triu(1)
        output = module(x, inputs["memory"], tgt_mask=causal, memory_key_padding_mask=padding)
        names = DECODER_LAYER
    loss_weights = rounded(output.shape, generator)
    (output * loss_weights).sum().backward()

    parameters = dict(module.named_parameters())
    gradients = {name: parameter.grad for name, parameter in parameters.items()}
    model = {"d_model": D_MODEL, "dropout": 0, "position.kind": "none", "residual.kind": residual,
             "attention.heads": HEADS, "feed_forward": {"kind": activation, "d_ff": D_FF}, f"{stack}.layers": LAYERS}
    return {
        "stack": stack,
        "model": model,
        "padded": PADDED,
        "inputs": {name: numbers(value.detach()) for name, value in inputs.items()},
        "loss_weights": numbers(loss_weights),
        "output": numbers(output.detach()),
        "parameters": {n: numbers(v.detach()) for n, v in ours(parameters, names, norm is not None).items()},
        "parameter_gradients": {n: numbers(v) for n, v in ours(gradients, names, norm is not None).items()},
        "input_gradients": {name: numbers(value.grad) for name, value in inputs.items()},
    }


def lines(value, indent=""):
    """JSON with one line per tensor."""
    if not isinstance(value, dict) or "values" in value:
        return json.dumps(value, separators=(",", ":"))
    inner = ",\n".join(f"{indent} {json.dumps(key)}: {lines(item, indent + ' ')}" for key, item in value.items())
    return "{\n" + inner + "\n" + indent + "}"


def main():
    cases = {
        "encoder_post_norm": case("encoder", "post_norm", "relu", 1),
        "encoder_pre_norm": case("encoder", "pre_norm", "gelu", 2),
        "decoder_post_norm": case("decoder", "post_norm", "gelu", 3),
        "decoder_pre_norm": case("decoder", "pre_norm", "relu", 4),
    }
    GOLDEN.write_text(lines({"torch": torch.__version__.split("+")[0], "cases": cases}) + "\n")


if __name__ == "__main__":
    main()
