"""The language models that scripts/bench measures: their sizes, what they cost, and what is wanted of them."""
from dataclasses import dataclass, field

from benchmark.works import CLIP_NORM, DROPOUT, Work

FLOAT_BYTES = 4
PROMPT = 8
CONTINUATION = 120
SHARE = 0.8  # of what the machine could do: where that is slower than the wanted ratio, it is enough


@dataclass(frozen=True)
class TextShape:
    d_model: int
    heads: int
    layers: int
    vocabulary: int

    @property
    def d_ff(self):
        return 4 * self.d_model

    @property
    def matrices(self):
        """Numbers in all matrices that a token is multiplied with; the embedding is the output layer's matrix, too."""
        return self.layers * (4 * self.d_model**2 + 2 * self.d_model * self.d_ff) + self.vocabulary * self.d_model

    @property
    def vectors(self):
        """Numbers in biases and norms."""
        return self.layers * (5 * self.d_model + self.d_ff + 4 * self.d_model) + 2 * self.d_model


@dataclass(frozen=True)
class Wanted:
    ratio: float
    share: float | None = None  # of GEMM peak in training, of memory bandwidth in generation; none: the ratio alone


@dataclass(frozen=True)
class LanguageWork(Work):
    """GPT-2's model (pre-norm, learned positions, GELU by tanh, tied embeddings, biases), trained or generating."""

    wanted: dict = field(default_factory=dict)  # by our precision
    bytes_read: float = 0.0

    @property
    def trains(self):
        return self.kind == "train_language_model"

    def their_precisions(self, precision):
        """bf16 has to be faster than every peer in either precision."""
        return ("fp32", "bf16") if precision == "bf16" else (precision,)

    def description(self, precision, threads):
        s = self.shape
        return {
            "kind": self.kind, "precision": precision, "threads": threads, "batch": self.batch, "length": self.length,
            "new_tokens": self.new_tokens,
            "model": {
                "family": "decoder", "vocabulary": s.vocabulary, "d_model": s.d_model,
                "max_length": self.length + self.new_tokens, "dropout": DROPOUT, "embedding": {"scale": "one"},
                "norm": {"kind": "layer_norm", "eps": 1e-5}, "residual": {"kind": "pre_norm"},
                "attention": {"heads": s.heads}, "feed_forward": {"kind": "gelu_tanh", "d_ff": s.d_ff},
                "position": {"kind": "learned"}, "decoder": {"layers": s.layers},
            },
            "training": {
                "loss": {"label_smoothing": 0.0}, "clip_norm": CLIP_NORM, "precision": precision,
                "optimizer": {"kind": "adamw", "beta1": 0.9, "beta2": 0.95, "eps": 1e-8, "weight_decay": 0.1},
                "budget": {"steps": 1},
            },
        }


def training_flops(s, rows, length):
    """Forward and backward, nothing recomputed: 6 for every number in the matrices and every token, and the products of
    causal attention, of which the half that the mask leaves counts."""
    return 6 * rows * length * (s.matrices + s.layers * length * s.d_model)


def generation_bytes(s, rows, prompt, new_tokens):
    """What has to be read at least: all weights but the positions' for every token, and for every token but the first
    the keys and values before it, of every text."""
    cached = 2 * s.layers * s.d_model * rows * sum(range(prompt, prompt + new_tokens - 1))
    return FLOAT_BYTES * (new_tokens * (s.matrices + s.vectors) + cached)


TINY_TEXT = TextShape(128, 4, 4, 10_000)
GPT2 = TextShape(768, 12, 12, 50_257)
LENGTH = 256


def _training(name, shape, rows):
    return LanguageWork(
        name, "train_language_model", shape, rows, LENGTH, precisions=("fp32", "bf16"),
        peers=("hugging_face", "torch_gpt", "torch_gpt_compiled"), flops=training_flops(shape, rows, LENGTH),
        wanted={"fp32": Wanted(1.3, SHARE), "bf16": Wanted(1.7)})


def _generation(name, shape, rows, repeat):
    return LanguageWork(
        f"{name}_{rows}", "continue_text", shape, rows, PROMPT, new_tokens=CONTINUATION, repeat=repeat,
        peers=("hugging_face", "torch_gpt"), wanted={"fp32": Wanted(1.5, SHARE)},
        bytes_read=generation_bytes(shape, rows, PROMPT, CONTINUATION))


LANGUAGE_WORKS = {
    work.name: work
    for work in (
        _training("lm_tiny", TINY_TEXT, 16),
        _training("lm_gpt2", GPT2, 4),
        *(_generation("generate_tiny", TINY_TEXT, rows, 5) for rows in (1, 16)),
        *(_generation("generate_gpt2", GPT2, rows, 1) for rows in (1, 16)),
    )
}
