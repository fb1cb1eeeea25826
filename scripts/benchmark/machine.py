"""What the machine could do: its matrix product, how fast it reads memory, and which instructions it has."""
from pathlib import Path

SIZE = 4096  # of the square matrices
ARRAY_BYTES = 2**30  # more than caches hold


def product_flops():
    return 2 * SIZE**3


def gemm_descriptions(precision, threads):
    """LibTorch's own choice (MKL in fp32) and oneDNN; the better one counts."""
    common = {"kind": "gemm", "size": SIZE, "precision": precision, "threads": threads}
    libraries = ("libtorch", "onednn") if precision == "fp32" else ("libtorch",)
    return [common | {"library": library} for library in libraries]


def memory_descriptions(threads):
    """Ways to go through an array; the fastest counts."""
    return [{"kind": "memory", "how": how, "bytes": ARRAY_BYTES, "threads": threads}
            for how in ("sum", "product", "copy")]


def bytes_moved(description):
    """A copy writes as many bytes as it reads."""
    return description["bytes"] * (2 if description["how"] == "copy" else 1)


def has_bf16():
    """Instructions for products in bf16. Without them a product in bf16 takes hundreds of times as long as in fp32."""
    flags = Path("/proc/cpuinfo").read_text().split("flags", 1)[-1].split("\n", 1)[0].split()
    return bool({"avx512_bf16", "amx_bf16"} & set(flags))
