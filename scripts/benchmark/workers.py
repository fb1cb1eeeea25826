"""Processes that do a piece of work on demand, and their timing in turn."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent


class WorkerError(Exception):
    """A worker that ended instead of answering; the message holds the end of what it said."""


class Worker:
    def __init__(self, command, seconds_to_start=600):
        self.log = tempfile.TemporaryFile("w+")
        environment = os.environ | {"PYTHONPATH": str(SCRIPTS)}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, cwd=SCRIPTS,
            env=environment)
        self.ready = self.answer()
        self.memory_at_rest = self.memory("VmRSS")
        self.run(1)

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.log.seek(0)
            raise WorkerError(self.log.read()[-2000:].strip())
        return json.loads(line)

    def run(self, times):
        """The seconds of each time."""
        self.process.stdin.write(f"{times}\n")
        self.process.stdin.flush()
        return self.answer()

    def peak_memory(self):
        """In MiB, since the process began."""
        return self.memory("VmHWM")

    def memory(self, what):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(what)) / 1024

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()


def ours(binary, description):
    return Worker([binary, json.dumps(description)])


def peer(name, description):
    return Worker([sys.executable, "-m", "benchmark.peer_worker", name, json.dumps(description)])


def in_turn(workers, rounds, times):
    """Every worker once a round, `times` times: the seconds of each, by worker."""
    seconds = [[] for _ in workers]
    for turn in range(rounds):
        # Whoever comes second in one round comes first in the next.
        order = range(len(workers)) if turn % 2 == 0 else reversed(range(len(workers)))
        for i in order:
            seconds[i] += workers[i].run(times)
    return seconds


def median(seconds):
    return statistics.median(seconds)
