"""Runs side by side: a whole experiment with all threads for one run at a time, and with a run for every thread."""
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmark import workers

ROOT = Path(__file__).resolve().parent.parent.parent
EXPERIMENT = ROOT / "experiments" / "quickstart" / "experiment.json"
SEEDS = "1"  # of its four rows: four runs

# The experiment as it is, and in a model in which products of matrices take most of the time.
SIZES = {
    "d_model 64": ["training.budget.steps=150", "training.evaluate_every.steps=150"],
    "d_model 256": ["training.budget.steps=60", "training.evaluate_every.steps=60", "model.d_model=256",
                    "model.feed_forward.d_ff=1024"],
}


@dataclass
class Way:
    jobs: int
    threads: int
    seconds: list


def command(build, settings, way, out, *more):
    return [str(build / "ablate"), "run", str(EXPERIMENT), "--out", str(out), "--seeds", SEEDS, "--device", "cpu",
            "--threads", str(way.threads), *more, *(f"--set={setting}" for setting in settings)]


def time_once(build, settings, way):
    """Seconds from the start to the table; the data is prepared before."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(command(build, settings, way, folder, "--dry-run"), check=True, capture_output=True)
        begin = time.perf_counter()
        subprocess.run(command(build, settings, way, folder, "--jobs", str(way.jobs)), check=True, capture_output=True)
        return time.perf_counter() - begin


def ways_for(threads):
    """All threads for one run, and every split into equal shares down to one each."""
    return [Way(jobs, threads // jobs, []) for jobs in range(1, threads + 1) if threads % jobs == 0]


def main(arguments, say):
    print("| model | runs at once | threads each | seconds | speed, one at a time being 1 | in single rounds |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for size, settings in SIZES.items():
        ways = ways_for(arguments.threads)
        for _ in range(arguments.rounds):
            for way in ways:
                way.seconds.append(time_once(arguments.build, settings, way))
                say(f"{size}, {way.jobs} at once: {way.seconds[-1]:.1f} s")
        for way in ways:
            ratios = [one / other for one, other in zip(ways[0].seconds, way.seconds)]
            print(f"| {size} | {way.jobs} | {way.threads} | {workers.median(way.seconds):.1f} |"
                  f" {workers.median(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f} |", flush=True)
