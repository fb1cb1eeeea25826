#!/usr/bin/env python3
"""Steps of PyTorch's optimizers, to hold the program's own against.

    python scripts/reference/optimizers.py     writes tests/golden/optimizers.json

Needs torch and nothing else. Everything is in double. Weight decay acts on the matrix and never on the bias; one
parameter is out of the loss's reach in the first update, where its gradient counts as zero.
"""

import argparse
import json
from pathlib import Path

import torch

GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden" / "optimizers.json"
SHAPES = {"bias": [3], "late.weight": [2, 2], "weight": [3, 2]}
LEARNING_RATES = [0.05, 0.1, 0.1, 0.02, 0.07]

ADAM = {"beta1": 0.9, "beta2": 0.98, "eps": 1e-9}
CASES = {
    "Adam": {"kind": "adam", **ADAM},
    "Adam with weight decay": {"kind": "adam", **ADAM, "weight_decay": 0.1},
    "Adam with other constants": {"kind": "adam", "beta1": 0.5, "beta2": 0.999, "eps": 0.01},
    "AdamW": {"kind": "adamw", **ADAM, "weight_decay": 0.1},
    "AdamW without weight decay": {"kind": "adamw", **ADAM},
    "SGD": {"kind": "sgd"},
    "SGD with weight decay": {"kind": "sgd", "weight_decay": 0.1},
    "SGD with momentum": {"kind": "sgd", "momentum": 0.9},
    "SGD with momentum and weight decay": {"kind": "sgd", "momentum": 0.7, "weight_decay": 0.1},
    "SGD with Nesterov's momentum": {"kind": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
}


def torch_optimizer(options, groups):
    if options["kind"] == "sgd":
        return torch.optim.SGD(groups, lr=1, momentum=options.get("momentum", 0),
                               nesterov=options.get("nesterov", False), foreach=False)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[options["kind"]]
    return kind(groups, lr=1, betas=(options["beta1"], options["beta2"]), eps=options["eps"], foreach=False)


def trajectory(options, start, gradients):
    """The parameters after each update."""
    parameters = {name: value.clone().requires_grad_() for name, value in start.items()}
    decay = options.get("weight_decay", 0)
    groups = [{"params": [p for p in parameters.values() if p.dim() > 1], "weight_decay": decay},
              {"params": [p for p in parameters.values() if p.dim() == 1], "weight_decay": 0}]
    optimizer = torch_optimizer(options, groups)
    after = []
    for learning_rate, gradient in zip(LEARNING_RATES, gradients):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate
        for name, parameter in parameters.items():
            parameter.grad = gradient.get(name, torch.zeros_like(parameter)).clone()
        optimizer.step()
        after.append({name: parameter.detach().flatten().tolist() for name, parameter in parameters.items()})
    return after


def write_golden(path):
    torch.manual_seed(20170612)

    def draw():
        return {name: torch.randn(shape, dtype=torch.double) for name, shape in SHAPES.items()}

    start, gradients = draw(), [draw() for _ in LEARNING_RATES]
    del gradients[0]["late.weight"]

    def lists(tensors):
        return {name: tensor.flatten().tolist() for name, tensor in tensors.items()}

    golden = {
        "torch": torch.__version__.split("+")[0],
        "shapes": SHAPES,
        "start": lists(start),
        "learning_rates": LEARNING_RATES,
        "gradients": [lists(gradient) for gradient in gradients],
        "cases": [{"name": name, "options": options, "after": trajectory(options, start, gradients)}
                  for name, options in CASES.items()],
    }
    path.write_text(json.dumps(golden, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=GOLDEN, help="where the golden file goes")
    write_golden(parser.parse_args().output)


if __name__ == "__main__":
    main()
