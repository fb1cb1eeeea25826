"""Hugging Face's MarianMT with random weights."""
import torch
from transformers import MarianConfig, MarianMTModel

from benchmark.peers import common
from benchmark.works import BEGIN, DROPOUT, END, PAD, VOCABULARY


def config_of(work):
    model = work["model"]
    sides = {}
    for side in ("encoder", "decoder"):
        sides |= {
            f"{side}_layers": model[side]["layers"], f"{side}_ffn_dim": model["feed_forward"]["d_ff"],
            f"{side}_attention_heads": model["attention"]["heads"]}
    return MarianConfig(
        vocab_size=VOCABULARY, d_model=model["d_model"], max_position_embeddings=model["max_length"], dropout=DROPOUT,
        attention_dropout=0.0, activation_dropout=0.0, activation_function="relu", scale_embedding=True,
        pad_token_id=PAD, bos_token_id=BEGIN, eos_token_id=END, decoder_start_token_id=BEGIN, forced_eos_token_id=None,
        **sides)


def _decode(work):
    model = MarianMTModel(config_of(work)).eval()
    source = common.words(work["batch"], work["source"])
    length = work["new_tokens"]

    def step():
        with torch.inference_mode():
            found = model.generate(
                input_ids=source, attention_mask=torch.ones_like(source), num_beams=work["beam"], do_sample=False,
                min_new_tokens=length, max_new_tokens=length)
        assert found.shape[1] == length + 1, found.shape

    return step


def make(work):
    if work["kind"] == "decode":
        return _decode(work)
    model = MarianMTModel(config_of(work)).train()
    source, target = (common.words(work["batch"], work["length"]) for _ in range(2))
    target_input = common.shifted(target)

    def loss():
        logits = model(input_ids=source, decoder_input_ids=target_input, use_cache=False).logits
        return common.smoothed_loss(logits, target)

    return common.update(model, loss, work["precision"])
