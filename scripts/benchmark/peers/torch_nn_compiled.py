"""The same model through torch.compile: forward, loss and backward are compiled together."""
from benchmark.peers import torch_nn


def make(work):
    return torch_nn.make(work, compiled=True)
