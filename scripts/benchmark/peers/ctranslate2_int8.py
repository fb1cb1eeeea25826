"""CTranslate2 with weights in int8, as its users run it on processors."""
from benchmark.peers import ctranslate2


def make(work):
    return ctranslate2.make(work, compute_type="int8")
