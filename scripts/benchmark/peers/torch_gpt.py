"""GPT-2 in plain torch, of the size and the means of nanoGPT: one projection for queries, keys and values, torch's
fused attention, one matrix for input and output. nanoGPT reads the whole text again for every token; here keys and
values are kept in tensors made beforehand, and the output layer sees the last token alone."""
import torch
from torch import nn
from torch.nn import functional as F

from benchmark.peers import language


class Block(nn.Module):
    def __init__(self, width, inner, heads, dropout):
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attention_output = nn.Linear(width, width)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, inner)
        self.outer = nn.Linear(inner, width)
        self.dropout = nn.Dropout(dropout)

    def attend(self, x, cache, start):
        rows, length, width = x.shape
        q, k, v = (
            part.view(rows, length, self.heads, width // self.heads).transpose(1, 2)
            for part in self.query_key_value(x).split(width, dim=2))
        if cache is not None:
            end = start + length
            cache[0, :, :, start:end], cache[1, :, :, start:end] = k, v
            k, v = cache[0, :, :, :end], cache[1, :, :, :end]
        # With a cache either the whole prompt comes, or one token that sees everything before it.
        y = F.scaled_dot_product_attention(q, k, v, is_causal=length > 1)
        return self.attention_output(y.transpose(1, 2).reshape(rows, length, width))

    def forward(self, x, cache, start):
        x = x + self.dropout(self.attend(self.attention_norm(x), cache, start))
        inner = F.gelu(self.inner(self.feed_forward_norm(x)), approximate="tanh")
        return x + self.dropout(self.outer(inner))


class Gpt(nn.Module):
    def __init__(self, vocabulary, length, width, inner, heads, layers, dropout):
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(length, width)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, inner, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens, cache=None, start=0):
        """(rows, length) -> scores (rows, length, vocabulary); with a cache of the last token alone."""
        positions = torch.arange(start, start + tokens.shape[1])
        x = self.dropout(self.words(tokens) + self.positions(positions))
        for i, block in enumerate(self.blocks):
            x = block(x, None if cache is None else cache[i], start)
        x = self.norm(x if cache is None else x[:, -1:])
        return F.linear(x, self.words.weight)

    def continue_text(self, prompt, count):
        rows, length = prompt.shape
        heads, width = self.blocks[0].heads, self.words.weight.shape[1]
        cache = torch.empty(len(self.blocks), 2, rows, heads, length + count, width // heads)
        tokens, start, found = prompt, 0, []
        for _ in range(count):
            scores = self(tokens, cache, start)
            start += tokens.shape[1]
            tokens = scores[:, -1].argmax(-1, keepdim=True)
            found.append(tokens)
        return torch.cat(found, 1)


IN_A_LAYER = {
    "attention_norm": "ln_1", "query_key_value": "attn.c_attn", "attention_output": "attn.c_proj",
    "feed_forward_norm": "ln_2", "inner": "mlp.c_fc", "outer": "mlp.c_proj"}


def _load(gpt, published):
    """GPT-2's files have the matrices of its layers as (in, out)."""
    state = {
        "words.weight": published["transformer.wte.weight"], "positions.weight": published["transformer.wpe.weight"],
        "norm.weight": published["transformer.ln_f.weight"], "norm.bias": published["transformer.ln_f.bias"]}
    for i in range(len(gpt.blocks)):
        for ours, theirs in IN_A_LAYER.items():
            for part in ("weight", "bias"):
                tensor = published[f"transformer.h.{i}.{theirs}.{part}"]
                state[f"blocks.{i}.{ours}.{part}"] = tensor.T if tensor.dim() == 2 else tensor
    gpt.load_state_dict(state)


def make(work, compiled=False):
    model = work["model"]
    gpt = Gpt(model["vocabulary"], model["max_length"], model["d_model"], model["feed_forward"]["d_ff"],
              model["attention"]["heads"], model["decoder"]["layers"], model["dropout"])
    _load(gpt, language.weights(work))
    if work["kind"] == "train_language_model":
        return language.training(work, gpt, gpt, compiled)
    return language.generation(work, gpt, gpt.continue_text)
