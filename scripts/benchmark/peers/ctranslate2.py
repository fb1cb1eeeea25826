"""CTranslate2 with random weights: made through its specification, saved into a temporary folder and loaded."""
import tempfile

import ctranslate2
import numpy

from benchmark.works import FIRST_WORD, VOCABULARY

TOKENS = ["<s>", "<blank>", "</s>", *(f"word{i}" for i in range(VOCABULARY - FIRST_WORD))]


def write_model(work, folder, quantization=None):
    """A Transformer of random weights."""
    model = work["model"]
    spec = ctranslate2.specs.TransformerSpec.from_config(
        num_layers=(model["encoder"]["layers"], model["decoder"]["layers"]), num_heads=model["attention"]["heads"],
        pre_norm=False, activation=ctranslate2.specs.Activation.RELU)
    fill(spec, model["d_model"], model["feed_forward"]["d_ff"])
    spec.register_source_vocabulary(TOKENS)
    spec.register_target_vocabulary(TOKENS)
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(folder)


def fill(spec, width, inner):
    random = numpy.random.default_rng(1)

    def matrix(rows, columns):
        return random.normal(0, columns**-0.5, (rows, columns)).astype(numpy.float32)

    def linear(layer, rows, columns):
        layer.weight, layer.bias = matrix(rows, columns), numpy.zeros(rows, numpy.float32)

    def norm(layer):
        layer.gamma, layer.beta = numpy.ones(width, numpy.float32), numpy.zeros(width, numpy.float32)

    def attention(layer, shapes):
        for part, rows in zip(layer.linear, shapes):
            linear(part, rows, width)
        norm(layer.layer_norm)

    def feed_forward(layer):
        linear(layer.linear_0, inner, width)
        linear(layer.linear_1, width, inner)
        norm(layer.layer_norm)

    embedding = matrix(VOCABULARY, width)
    for side in (spec.encoder, spec.decoder):
        embeddings = side.embeddings if isinstance(side.embeddings, list) else [side.embeddings]
        for one in embeddings:
            one.weight = embedding
        side.scale_embeddings = True
        for layer in side.layer if hasattr(side, "layer") else side.layers:
            attention(layer.self_attention, (3 * width, width))
            if hasattr(layer, "attention"):
                attention(layer.attention, (width, 2 * width, width))
            feed_forward(layer.ffn)
    spec.decoder.projection.weight = embedding


def make(work, compute_type="float32"):
    quantization = None if compute_type == "float32" else compute_type
    with tempfile.TemporaryDirectory() as folder:
        write_model(work, folder, quantization)
        translator = ctranslate2.Translator(
            folder, device="cpu", compute_type=compute_type, inter_threads=1, intra_threads=work["threads"])
    random = numpy.random.default_rng(2)
    sources = [[TOKENS[i] for i in random.integers(FIRST_WORD, VOCABULARY, work["source"])] for _ in range(work["batch"])]
    length = work["new_tokens"]

    def step():
        found = translator.translate_batch(
            sources, beam_size=work["beam"], min_decoding_length=length, max_decoding_length=length,
            max_batch_size=work["batch"])
        assert all(len(one.hypotheses[0]) == length for one in found)

    return step
