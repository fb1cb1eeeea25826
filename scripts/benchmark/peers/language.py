"""What the peers of language models share: the weights and the text that our program has written, the loss, AdamW."""
import json
import struct
from pathlib import Path

import torch

from benchmark.peers import common
from benchmark.works import LEARNING_RATE

DTYPES = {"F32": torch.float32, "I64": torch.int64}


class Checked:
    """A work, and what it found with our weights, for ours to be compared with."""

    def __init__(self, step, **check):
        self.step, self.check = step, check

    def __call__(self):
        self.step()


def read_tensors(path):
    """A file of the safetensors format: the length of a header in JSON, the header, numbers."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header, numbers = json.loads(file.read(length)), bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        dtype, (begin, end) = DTYPES[entry["dtype"]], entry["data_offsets"]
        flat = torch.frombuffer(numbers, dtype=dtype, offset=begin, count=(end - begin) // dtype.itemsize)
        tensors[name] = flat.view(entry["shape"])
    return tensors


def weights(work):
    """By the names of GPT-2's published files."""
    return read_tensors(Path(work["folder"]) / "model.safetensors")


def text(work):
    """(batch, length + 1)"""
    return read_tensors(Path(work["folder"]) / "text.safetensors")["text"]


def adamw(model, settings):
    """torch's fastest AdamW (fused); norms and biases do not decay."""
    groups = [
        {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": settings["weight_decay"]},
        {"params": [p for p in model.parameters() if p.dim() <= 1], "weight_decay": 0.0}]
    return torch.optim.AdamW(
        groups, lr=LEARNING_RATE, betas=(settings["beta1"], settings["beta2"]), eps=settings["eps"], fused=True)


def training(work, model, logits_of, compiled=False):
    """`logits_of(tokens)` gives (batch, length, vocabulary)."""
    words = text(work)
    read, said = words[:, :-1].contiguous(), words[:, 1:].contiguous()

    def loss(read, said):
        return torch.nn.functional.cross_entropy(logits_of(read).flatten(0, 1), said.flatten())

    model.eval()
    with torch.no_grad():
        found = loss(read, said).item()
    model.train()
    run = torch.compile(loss) if compiled else loss
    optimizer = adamw(model, work["training"]["optimizer"])
    return Checked(common.update(model, lambda: run(read, said), work["precision"], optimizer), loss=found)


def generation(work, model, continue_text):
    """`continue_text(prompt, count)` gives the likeliest tokens behind the prompt, (batch, count)."""
    prompt = text(work)[:, :-1].contiguous()
    model.eval()

    def step():
        with torch.inference_mode():
            found = continue_text(prompt, work["new_tokens"])
        assert found.shape == (work["batch"], work["new_tokens"])
        return found

    return Checked(step, tokens=step().tolist())
