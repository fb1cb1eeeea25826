"""x-transformers: its encoder and decoder wrappers, embeddings and output layer tied."""
import torch
from x_transformers import Decoder, Encoder, TransformerWrapper
from x_transformers.x_transformers import Attention

from benchmark.peers import common
from benchmark.works import DROPOUT, VOCABULARY


class Translator(torch.nn.Module):
    def __init__(self, work):
        super().__init__()
        model = work["model"]
        width, heads = model["d_model"], model["attention"]["heads"]
        options = dict(
            dim=width, heads=heads, attn_dim_head=width // heads, pre_norm=False, attn_flash=True,
            attn_sublayer_dropout=DROPOUT, ff_sublayer_dropout=DROPOUT, ff_mult=model["feed_forward"]["d_ff"] / width,
            ff_custom_activation=torch.nn.ReLU())
        wrapper = dict(
            num_tokens=VOCABULARY, max_seq_len=work["length"], emb_dropout=DROPOUT, post_emb_norm=False)
        self.encoder = TransformerWrapper(
            attn_layers=Encoder(depth=model["encoder"]["layers"], **options), return_only_embed=True, **wrapper)
        self.decoder = TransformerWrapper(
            attn_layers=Decoder(depth=model["decoder"]["layers"], cross_attend=True, **options), tie_embedding=True,
            **wrapper)
        self.decoder.token_emb = self.encoder.token_emb

    def forward(self, source, target_input):
        return self.decoder(target_input, context=self.encoder(source, return_embeddings=True))


def _attention(work):
    model = work["model"]
    heads = model["attention"]["heads"]
    layer = Attention(model["d_model"], heads=heads, dim_head=model["d_model"] // heads, causal=True, flash=True)
    x = torch.randn(work["batch"], work["length"], model["d_model"], requires_grad=True)

    def forward(x):
        y = layer(x)
        return y[0] if isinstance(y, tuple) else y

    return common.forward_backward(layer, x, forward, work["precision"])


def make(work):
    if work["kind"] == "attention":
        return _attention(work)
    translator = Translator(work)
    source, target = (common.words(work["batch"], work["length"]) for _ in range(2))
    target_input = common.shifted(target)
    return common.update(
        translator, lambda: common.smoothed_loss(translator(source, target_input), target), work["precision"])
