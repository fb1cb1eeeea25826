"""torch.nn.Transformer with embeddings and an output layer around it."""
import math

import torch
from torch import nn

from benchmark.peers import common
from benchmark.works import DROPOUT, PAD, VOCABULARY


def _sinusoids(length, width):
    angle = torch.arange(length)[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)


class Translator(nn.Module):
    def __init__(self, d_model, d_ff, heads, layers, length):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, d_model, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=d_model**-0.5)
        self.transformer = nn.Transformer(d_model, heads, layers, layers, d_ff, DROPOUT, batch_first=True)
        # The others drop the outputs of sub-layers alone: neither attention weights nor inner activations.
        for module in self.transformer.modules():
            if isinstance(module, nn.MultiheadAttention):
                module.dropout = 0.0
            if isinstance(module, (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)):
                module.dropout = nn.Identity()
        self.dropout = nn.Dropout(DROPOUT)
        self.register_buffer("positions", _sinusoids(length, d_model))
        self.register_buffer("causal", nn.Transformer.generate_square_subsequent_mask(length))
        self.scale = math.sqrt(d_model)

    def embed(self, tokens):
        return self.dropout(self.embedding(tokens) * self.scale + self.positions)

    def forward(self, source, target_input):
        hidden = self.transformer(
            self.embed(source), self.embed(target_input), tgt_mask=self.causal, tgt_is_causal=True)
        return nn.functional.linear(hidden, self.embedding.weight)


def _attention(work):
    model = work["model"]
    layer = nn.MultiheadAttention(model["d_model"], model["attention"]["heads"], batch_first=True)
    mask = nn.Transformer.generate_square_subsequent_mask(work["length"])
    x = torch.randn(work["batch"], work["length"], model["d_model"], requires_grad=True)

    def forward(x):
        return layer(x, x, x, attn_mask=mask, is_causal=True, need_weights=False)[0]

    return common.forward_backward(layer, x, forward, work["precision"])


def make(work, compiled=False):
    if work["kind"] == "attention":
        return _attention(work)
    model = work["model"]
    translator = Translator(
        model["d_model"], model["feed_forward"]["d_ff"], model["attention"]["heads"], model["encoder"]["layers"],
        work["length"])
    source, target = (common.words(work["batch"], work["length"]) for _ in range(2))
    target_input = common.shifted(target)

    def loss(source, target_input, target):
        return common.smoothed_loss(translator(source, target_input), target)

    run = torch.compile(loss) if compiled else loss
    return common.update(translator, lambda: run(source, target_input, target), work["precision"])
