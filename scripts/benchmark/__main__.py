"""scripts/bench: times our program and its peers in turn, and prints their ratios."""
import argparse
import contextlib
import json
import os
import sys
from pathlib import Path

from benchmark import growth, jobs, language_models, start, workers
from benchmark.language_works import LANGUAGE_WORKS, LanguageWork
from benchmark.machine import gemm_descriptions, has_bf16, product_flops
from benchmark.table import Row, print_table
from benchmark.works import WORKS

ALL_WORKS = WORKS | LANGUAGE_WORKS


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=ALL_WORKS, help="works: " + ", ".join(ALL_WORKS))
    names = sorted({peer for work in ALL_WORKS.values() for peer in work.peers})
    parser.add_argument("--peers", nargs="+", metavar="NAME", choices=names, help="peers: " + ", ".join(names))
    parser.add_argument("--precisions", nargs="+", choices=("fp32", "bf16"), default=("fp32", "bf16"))
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="turns of each program (default 5)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all seconds there")
    parser.add_argument("--against", type=Path, metavar="FILE",
                        help="in the place of the peers another build's ablate_bench: what a change brought")
    parser.add_argument("--growth", type=Path, metavar="FILE.svg",
                        help="instead of the table: how time and memory grow, as a figure and a table")
    parser.add_argument("--jobs", action="store_true",
                        help="instead of the table: an experiment with its runs one at a time and side by side")
    parser.add_argument("--build", type=Path, required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.against and arguments.peers:
        parser.error("--against takes the place of --peers")
    if arguments.growth and arguments.jobs:
        parser.error("--growth and --jobs are two measurements: ask for one at a time")
    for option in ("growth", "jobs"):
        if getattr(arguments, option) and (arguments.only or arguments.peers or arguments.against or arguments.json):
            parser.error(f"--{option} has works of its own: of the other options it takes --rounds and --threads")
    if arguments.against:
        arguments.against = arguments.against.resolve(strict=True)
    if arguments.rounds < 1 or arguments.threads < 1:
        parser.error("--rounds and --threads are at least 1")
    return arguments


def opponents(work, precision, arguments):
    """(peer, what it computes in), a row each."""
    if arguments.against:
        return [] if work.kind in ("start", "batching") else [("other_build", precision)]
    return [(peer, theirs) for peer in work.peers if not arguments.peers or peer in arguments.peers
            for theirs in work.their_precisions(precision)]


def say(text):
    print(f"[bench] {text}", file=sys.stderr, flush=True)


def measure(work, precision, peer, their_precision, arguments):
    """One row: ours and the peer in turn, and the machine's own matrix product with them."""
    if work.kind == "start":
        return start.measure(work, peer, arguments)
    if isinstance(work, LanguageWork):
        return language_models.measure(work, precision, peer, their_precision, arguments)
    binary = arguments.build / "ablate_bench"
    description = work.description(precision, arguments.threads)
    products = gemm_descriptions(precision, arguments.threads) if work.flops else []
    with contextlib.ExitStack() as stack:
        mine = stack.enter_context(workers.ours(binary, description))
        if peer == "training_step":  # not a peer: our own update, of which batching is a share
            other = stack.enter_context(workers.ours(binary, WORKS["tiny"].description(precision, arguments.threads)))
        elif arguments.against:
            other = stack.enter_context(workers.ours(arguments.against, description))
        else:
            other = stack.enter_context(workers.peer(peer, description))
        machine = [stack.enter_context(workers.ours(binary, product)) for product in products]
        seconds = workers.in_turn([mine, other, *machine], arguments.rounds, work.repeat)
        peak = max((product_flops() / min(times) for times in seconds[2:]), default=None)
        return Row(work, precision, peer, seconds[0], seconds[1], mine.peak_memory(), other.peak_memory(), peak)


def print_tables(rows):
    """Language models have a table of their own, which says what was wanted."""
    language = [row for row in rows if isinstance(row.work, LanguageWork)]
    others = [row for row in rows if not isinstance(row.work, LanguageWork)]
    if others:
        print_table(others)
    if others and language:
        print()
    if language:
        language_models.print_language_table(language)


def main():
    arguments = parse_arguments()
    if arguments.growth:
        return growth.main(arguments, say)
    if arguments.jobs:
        return jobs.main(arguments, say)
    rows, failures = [], 0
    for name in arguments.only or ALL_WORKS:
        work = ALL_WORKS[name]
        for precision in work.precisions:
            if precision not in arguments.precisions:
                continue
            if precision == "bf16" and not has_bf16():
                say(f"{name} in bf16 is left out: this processor has no matrix products in bf16.")
                continue
            for peer, their_precision in opponents(work, precision, arguments):
                try:
                    row = measure(work, precision, peer, their_precision, arguments)
                except workers.WorkerError as error:
                    say(f"{name}, {precision}, {peer} failed:\n{error}")
                    failures += 1
                    continue
                rows.append(row)
                say(row.sentence())
                if arguments.json:
                    arguments.json.write_text(json.dumps([row.record() for row in rows], indent=1) + "\n")
    print_tables(rows)
    return 1 if failures or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
