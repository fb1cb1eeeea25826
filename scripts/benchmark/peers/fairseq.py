"""fairseq 0.12.2 on Python 3.11 and today's torch: its Transformer, its label-smoothed loss, its own generator."""
import dataclasses

import numpy
import torch

_get_field = dataclasses._get_field


def _accept_defaults_without_hash(cls, name, *rest):
    """Python 3.11 refuses a default whose class has no hash, as fairseq's configurations have them."""
    default = getattr(cls, name, None)
    default_class = type(default.default if isinstance(default, dataclasses.Field) else default)
    if default_class.__hash__ is None and dataclasses.is_dataclass(default_class):
        default_class.__hash__ = object.__hash__
    return _get_field(cls, name, *rest)


dataclasses._get_field = _accept_defaults_without_hash
for _name, _type in (("float", float), ("int", int), ("bool", bool), ("object", object)):
    if _name not in vars(numpy):
        setattr(numpy, _name, _type)

from argparse import Namespace  # noqa: E402

from fairseq.criterions.label_smoothed_cross_entropy import label_smoothed_nll_loss  # noqa: E402
from fairseq.data import Dictionary  # noqa: E402
from fairseq.models.transformer import TransformerModel, base_architecture  # noqa: E402
from fairseq.modules import MultiheadAttention  # noqa: E402
from fairseq.sequence_generator import SequenceGenerator  # noqa: E402

from benchmark.peers import common  # noqa: E402
from benchmark.works import DROPOUT, LABEL_SMOOTHING, PAD, VOCABULARY  # noqa: E402


class Task:
    """As much of a task as a model and a generator ask for."""

    def __init__(self):
        self.source_dictionary = self.target_dictionary = Dictionary()
        for word in range(VOCABULARY - len(self.target_dictionary)):
            self.target_dictionary.add_symbol(f"word{word}")


def build(work):
    model = work["model"]
    sides = {}
    for side in ("encoder", "decoder"):
        sides |= {
            f"{side}_layers": model[side]["layers"], f"{side}_ffn_embed_dim": model["feed_forward"]["d_ff"],
            f"{side}_attention_heads": model["attention"]["heads"], f"{side}_embed_dim": model["d_model"]}
    arguments = Namespace(
        dropout=DROPOUT, attention_dropout=0.0, activation_dropout=0.0, share_all_embeddings=True,
        max_source_positions=1024, max_target_positions=1024, **sides)
    base_architecture(arguments)
    task = Task()
    return TransformerModel.build_model(arguments, task), task


def _decode(work):
    model, task = build(work)
    length = work["new_tokens"]
    # The generator counts </s> apart, so that length - 1 words and </s> are the tokens asked for.
    generator = SequenceGenerator(
        [model.eval()], task.target_dictionary, beam_size=work["beam"], max_len_a=0, max_len_b=length - 1,
        min_len=length - 1)
    source = common.words(work["batch"], work["source"])
    lengths = torch.full((len(source),), work["source"])

    def step():
        with torch.inference_mode():
            found = generator.generate([model], {"net_input": {"src_tokens": source, "src_lengths": lengths}})
        assert all(len(sentence[0]["tokens"]) == length for sentence in found)

    return step


def _attention(work):
    model = work["model"]
    layer = MultiheadAttention(model["d_model"], model["attention"]["heads"], self_attention=True)
    mask = torch.triu(torch.full((work["length"],) * 2, float("-inf")), 1)
    x = torch.randn(work["length"], work["batch"], model["d_model"], requires_grad=True)

    def forward(x):
        return layer(x, x, x, attn_mask=mask, need_weights=False)[0]

    return common.forward_backward(layer, x, forward, work["precision"])


def make(work):
    if work["kind"] == "decode":
        return _decode(work)
    if work["kind"] == "attention":
        return _attention(work)
    model, _ = build(work)
    model.train()
    source, target = (common.words(work["batch"], work["length"]) for _ in range(2))
    target_input = common.shifted(target)
    lengths = torch.full((len(source),), work["length"])

    def loss():
        output = model(source, lengths, target_input)
        log_probabilities = model.get_normalized_probs(output, log_probs=True).flatten(0, 1)
        total, _ = label_smoothed_nll_loss(
            log_probabilities, target.view(-1, 1), LABEL_SMOOTHING, ignore_index=PAD)
        return total / target.numel()

    return common.update(model, loss, work["precision"])
