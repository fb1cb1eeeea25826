"""The work `start`: one sentence translated by a process that begins with it, model and tokenizer read from files."""
import itertools
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmark.table import Row
from benchmark.workers import SCRIPTS, WorkerError
from benchmark.works import VOCABULARY

SENTENCES = 4000
SEED = 1


def write_corpus(folder):
    """Sentences of made-up words, as many as a tokenizer of the usual size needs."""
    choose = random.Random(SEED)
    syllables = [a + b for a, b in itertools.product("bdfgklmnprstvwz", ("a", "e", "i", "o", "u", "an", "er", "is"))]
    words = ["".join(choose.choices(syllables, k=choose.randint(1, 4))) for _ in range(20_000)]
    lines = [" ".join(choose.choices(words, k=12)) for _ in range(SENTENCES)]
    for name in ("text.source", "text.target"):
        (folder / name).write_text("\n".join(lines) + "\n")
    return lines[0]


def make_run(work, binary, folder):
    """A run of one update: untrained weights and a tokenizer, as they are after any training."""
    description = work.description("fp32", 1)
    files = [str(folder / "text.source"), str(folder / "text.target")]
    experiment = {
        "rows": [{"name": "start"}], "model": description["model"],
        "data": {
            "kind": "files", "train": files, "split": {"kind": "random", "dev": 20, "test": 20},
            "tokenizer": {"kind": "sentencepiece", "model_type": "bpe", "vocabulary_size": VOCABULARY, "joint": True}},
        "training": {"batch": {"tokens": 1024}, "budget": {"steps": 1}},
        "decoding": {"kind": "beam", "beam": 4}, "evaluation": {"metrics": ["bleu"]}}
    (folder / "experiment.json").write_text(json.dumps(experiment))
    command = [binary, "run", folder / "experiment.json", "--out", folder / "runs"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise WorkerError(done.stderr[-2000:])
    return next(path.parent for path in (folder / "runs").glob("*/tokenizer.model"))


def timed(command, sentence):
    """Seconds from start to exit."""
    start = time.perf_counter()
    done = subprocess.run(command, input=sentence + "\n", text=True, capture_output=True, cwd=SCRIPTS)
    seconds = time.perf_counter() - start
    if done.returncode != 0 or not done.stdout.strip():
        raise WorkerError(done.stderr[-2000:] or "no translation")
    return seconds


def measure(work, peer, arguments):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sentence = write_corpus(folder)
        run = make_run(work, arguments.build / "ablate", folder)
        description = json.dumps(work.description("fp32", arguments.threads))
        peer_command = [sys.executable, "-m", "benchmark.start_peer", peer]
        prepared = subprocess.run(
            [*peer_command, "prepare", folder / "peer", run / "tokenizer.model", description], capture_output=True,
            text=True, cwd=SCRIPTS)
        if prepared.returncode != 0:
            raise WorkerError(prepared.stderr[-2000:])
        commands = (
            [arguments.build / "ablate", "translate", run, "--threads", str(arguments.threads)],
            [*peer_command, "translate", folder / "peer", run / "tokenizer.model", description])
        seconds = ([], [])
        for turn in range(arguments.rounds + 1):
            for i in (0, 1) if turn % 2 == 0 else (1, 0):
                taken = timed(commands[i], sentence)
                if turn > 0:  # the first time brings the files into memory
                    seconds[i].append(taken)
        return Row(work, "fp32", peer, *seconds)
