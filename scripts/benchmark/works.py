"""What scripts/bench measures: the works, their sizes and their floating-point operations."""
from dataclasses import dataclass, field

VOCABULARY = 10_000
LABEL_SMOOTHING = 0.1
DROPOUT = 0.1
CLIP_NORM = 1.0
LEARNING_RATE = 1e-4
BEGIN, PAD, END, FIRST_WORD = 0, 1, 2, 3


@dataclass(frozen=True)
class Shape:
    d_model: int
    d_ff: int
    heads: int
    layers: int  # of the encoder, and as many of the decoder


TINY = Shape(128, 256, 4, 4)
IWSLT = Shape(512, 1024, 4, 6)
BASE = Shape(512, 2048, 8, 6)


@dataclass(frozen=True)
class Work:
    """One row of the table for each precision and peer."""

    name: str
    kind: str  # train, decode, attention, batching or start
    shape: Shape
    batch: int  # sentences
    length: int  # of source and target; in decoding of the source
    new_tokens: int = 0  # decoding: of every target, </s> forbidden before
    beam: int = 0
    peers: tuple = ()
    precisions: tuple = ("fp32",)
    repeat: int = 1  # times in one turn, so that a turn lasts long enough
    flops: float = field(default=0.0)

    @property
    def tokens(self):
        """Target tokens of one time."""
        return self.batch * (self.new_tokens or self.length)

    def their_precisions(self, precision):
        """What peers compute in where ours computes in `precision`: a row for each."""
        return (precision,)

    def description(self, precision, threads):
        """What a worker needs to know, as it is written for ablate_bench."""
        s = self.shape
        model = {
            "d_model": s.d_model, "max_length": max(64, self.length, self.new_tokens), "dropout": DROPOUT,
            "attention": {"heads": s.heads}, "feed_forward": {"d_ff": s.d_ff},
            "encoder": {"layers": s.layers}, "decoder": {"layers": s.layers},
        }
        return {
            "kind": self.kind, "precision": precision, "threads": threads, "batch": self.batch, "length": self.length,
            "source": self.length, "new_tokens": self.new_tokens, "beam": self.beam, "vocabulary": VOCABULARY,
            "model": model,
            "training": {
                "loss": {"label_smoothing": LABEL_SMOOTHING}, "clip_norm": CLIP_NORM, "precision": precision,
                "optimizer": {"kind": "adam"}, "budget": {"steps": 1},
            },
            "decoding": {
                **({"kind": "beam", "beam": self.beam} if self.beam > 1 else {"kind": "greedy"}),
                "min_length": self.new_tokens, "max_length_factor": 0, "max_length_constant": self.new_tokens,
            },
        }


def training_flops(s, rows, length):
    """Forward and backward (twice the forward) of the matrix products in the plain formulas, nothing recomputed."""
    tokens = rows * length
    projections = 4 * s.d_model**2
    feed_forward = 2 * s.d_model * s.d_ff
    products_of_attention = 2 * length * s.d_model  # scores and weighted sum, per token
    encoder = projections + feed_forward + products_of_attention
    decoder = 2 * (projections + products_of_attention) + feed_forward
    per_token = s.layers * (encoder + decoder) + s.d_model * VOCABULARY
    return 3 * 2 * tokens * per_token


def attention_flops(s, rows, length):
    """One causal layer: the half of the scores that the mask leaves counts."""
    tokens = rows * length
    return 3 * 2 * tokens * (4 * s.d_model**2 + length * s.d_model)


TRAINING_PEERS = ("torch_nn", "torch_nn_compiled", "x_transformers", "marian", "fairseq")


def training_work(name, shape, rows):
    return Work(name, "train", shape, rows, 32, peers=TRAINING_PEERS, precisions=("fp32", "bf16"),
                flops=training_flops(shape, rows, 32))


def _decode(name, shape, beam):
    return Work(f"{name}_beam_{beam}", "decode", shape, 32, 20, new_tokens=24, beam=beam,
                peers=("ctranslate2", "ctranslate2_int8", "marian", "fairseq"))


def attention_work(name, length, rows):
    return Work(name, "attention", BASE, rows, length, peers=("torch_nn", "x_transformers", "fairseq"),
                flops=attention_flops(BASE, rows, length), precisions=("fp32", "bf16"))


WORKS = {
    work.name: work
    for work in (
        training_work("tiny", TINY, 128),
        training_work("iwslt", IWSLT, 64),
        training_work("base", BASE, 64),
        *(_decode("decode_tiny", TINY, beam) for beam in (1, 4)),
        *(_decode("decode_base", BASE, beam) for beam in (1, 4)),
        *(attention_work(f"long_{length}", length, 8192 // length) for length in (512, 1024, 2048, 4096)),
        Work("batching", "batching", TINY, 128, 32, peers=("training_step",), repeat=20),
        Work("start", "start", TINY, 1, 10, peers=("ctranslate2", "marian", "fairseq")),
    )
}
