"""How cost grows: time and memory per token against length, width and the number of tokens decoded; a figure and its
table."""
import math
from dataclasses import dataclass

from benchmark import workers
from benchmark.works import TINY, Shape, Work, attention_work, training_work

PEER = "fairseq"  # the one that has all three works
TOKENS = 8192


@dataclass
class Axis:
    name: str
    what: str
    points: list  # of (value, work)


@dataclass
class Point:
    """Of one program: microseconds and KiB per token."""

    time: float
    memory: float


def axes():
    def length(n):
        return attention_work(f"length_{n}", n, TOKENS // n)

    def width(d):
        return training_work(f"width_{d}", Shape(d, 2 * d, 4, 2), 32)

    def decode(n):
        return Work(f"decode_{n}", "decode", TINY, 32, 20, new_tokens=n, beam=1)

    return [
        Axis("length", "length of a sentence (one causal layer of base, forward and backward)",
             [(n, length(n)) for n in (512, 1024, 2048, 4096, 8192)]),
        Axis("width", "d_model (2 + 2 layers, d_ff = 2 d_model, a whole update)",
             [(d, width(d)) for d in (64, 128, 256, 512, 1024)]),
        Axis("decode", "tokens decoded (tiny, greedy, 32 sentences)",
             [(n, decode(n)) for n in (32, 64, 128, 256, 512)]),
    ]


def measure(work, arguments):
    """(ours, the peer's), in turn."""
    description = work.description("fp32", arguments.threads)
    points = []
    with workers.ours(arguments.build / "ablate_bench", description) as mine:
        with workers.peer(PEER, description) as other:
            seconds = workers.in_turn([mine, other], arguments.rounds, 1)
            for worker, times in zip((mine, other), seconds):
                # At least a page, so that a logarithm of it can be drawn.
                memory = max(worker.peak_memory() - worker.memory_at_rest, 4 / 1024)
                points.append(Point(workers.median(times) / work.tokens * 1e6, memory / work.tokens * 1024))
    return points


def order(values, costs):
    """The exponent p of cost ~ value^p between the last two points."""
    return math.log(costs[-1] / costs[-2]) / math.log(values[-1] / values[-2])


def print_table(results):
    print("| against | value | ours (µs/token) | peer (µs/token) | ours (KiB/token) | peer (KiB/token) |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for axis, points in results:
        for (value, _), (mine, other) in zip(axis.points, points):
            print(f"| {axis.name} | {value:,} | {mine.time:.1f} | {other.time:.1f} | {mine.memory:.1f} |"
                  f" {other.memory:.1f} |")
        values = [value for value, _ in axis.points]
        orders = [order(values, [getattr(pair[who], what) for pair in points])
                  for what in ("time", "memory") for who in (0, 1)]
        print(f"| {axis.name} | order at the end | " + " | ".join(f"{p:.2f}" for p in orders) + " |")


def draw(results, path):
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot, ticker

    matplotlib.rcParams["svg.hashsalt"] = "ablate"
    figure, grid = pyplot.subplots(2, len(results), figsize=(4 * len(results), 6), sharex="col")
    for column, (axis, points) in enumerate(results):
        values = [value for value, _ in axis.points]
        for row, (what, label) in enumerate((("time", "µs per token"), ("memory", "KiB per token"))):
            plot = grid[row][column]
            for who, name in enumerate(("ablate", PEER)):
                plot.loglog(values, [getattr(pair[who], what) for pair in points], marker="o", label=name)
            plot.set_xticks(values, [str(value) for value in values])
            plot.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
            plot.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
            plot.minorticks_off()
            plot.set_ylabel(label)
            plot.grid(alpha=0.3)
        grid[1][column].set_xlabel(axis.what.replace(" (", "\n("), fontsize=9)
    grid[0][0].legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main(arguments, say):
    results = []
    for axis in axes():
        points = []
        for value, work in axis.points:
            points.append(measure(work, arguments))
            mine, other = points[-1]
            say(f"{axis.name} {value}: {mine.time:.1f} against {other.time:.1f} µs per token, {mine.memory:.1f} against"
                f" {other.memory:.1f} KiB")
        results.append((axis, points))
    print_table(results)
    draw(results, arguments.growth)
