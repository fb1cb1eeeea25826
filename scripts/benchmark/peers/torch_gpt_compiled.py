"""The same model through torch.compile: forward, loss and backward are compiled together."""
from benchmark.peers import torch_gpt


def make(work):
    return torch_gpt.make(work, compiled=True)
