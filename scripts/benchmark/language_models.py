"""Language models beside their peers: the same weights and text for both, compared before they are timed; rows that say
whether what is wanted was reached."""
import contextlib
import tempfile

from benchmark import machine, workers
from benchmark.table import HEADINGS, Row, print_lines
from benchmark.workers import median

LOSS_TOLERANCE = 1e-5  # relative; in fp32, whatever precision is timed
# Two likely tokens that lie within rounding of each other part two texts for good: so equal beginnings are compared.
AGREEMENT = 0.5


def compare(mine, theirs):
    """Raises WorkerError if two programs have not found the same with the same weights."""
    if "loss" in mine:
        if not abs(mine["loss"] - theirs["loss"]) <= LOSS_TOLERANCE * abs(mine["loss"]):
            raise workers.WorkerError(f"the losses differ: {mine['loss']} and {theirs['loss']}")
        return
    pairs = list(zip(mine["tokens"], theirs["tokens"], strict=True))
    if any(len(a) != len(b) for a, b in pairs):
        raise workers.WorkerError("the continuations are not of one length")
    alike = sum(_beginning(a, b) for a, b in pairs)
    if alike < AGREEMENT * sum(len(a) for a, _ in pairs):
        raise workers.WorkerError(f"the continuations differ: {mine['tokens'][0]} and {theirs['tokens'][0]}")


def _beginning(a, b):
    """How many tokens are the same before the first that is not."""
    return next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), len(a))


class LanguageRow(Row):
    """`peak` is in FLOP/s in training, and in bytes per second in generation."""

    @property
    def wanted(self):
        """None beside another build of ours, of which nothing is wanted."""
        return None if self.peer == "other_build" else self.work.wanted[self.precision]

    @property
    def bound(self):
        return "GEMM peak" if self.work.trains else "memory bandwidth"

    def share_of_peak(self):
        return (self.work.flops or self.work.bytes_read) / median(self.ours) / self.peak

    def verdict(self):
        if self.wanted is None:
            return "-"
        by = ["the ratio"] if self.ratio >= self.wanted.ratio else []
        if self.wanted.share and self.share_of_peak() >= self.wanted.share:
            by.append("the share of " + self.bound)
        return "met by " + " and ".join(by) if by else "missed"

    def record(self):
        record = super().record() | {"verdict": self.verdict()}
        if not self.work.trains:
            record["memory_bandwidth"] = record.pop("gemm_peak_flops")
            record["share_of_bandwidth"] = record.pop("share_of_peak")
        return record

    def sentence(self):
        return f"{super().sentence()}, {100 * self.share_of_peak():.0f} % of {self.bound}: {self.verdict()}"

    def cells(self):
        cells = super().cells()
        timed = cells[:HEADINGS.index("ours of GEMM peak")]
        unit = "GFLOP/s" if self.work.trains else "GB/s"
        wanted = "-"
        if self.wanted is not None:
            wanted = f"{self.wanted.ratio:.1f}"
            wanted += f" or {100 * self.wanted.share:.0f} %" if self.wanted.share else ""
        memory = cells[-2:] if self.work.trains else ["-", "-"]  # reading the weights is a generation's peak
        return [*timed, f"{100 * self.share_of_peak():.0f} %", f"{self.peak / 1e9:.1f} {unit}", *memory, wanted,
                self.verdict()]


LANGUAGE_HEADINGS = [
    *HEADINGS[:HEADINGS.index("ours of GEMM peak")], "ours of the machine", "the machine", *HEADINGS[-2:], "wanted",
    "verdict"]


def print_language_table(rows):
    print_lines([LANGUAGE_HEADINGS, *(row.cells() for row in rows)])


def publish(binary, description):
    """Our program writes weights and text into the folder of the description."""
    with workers.ours(binary, description | {"kind": "publish"}):
        pass


def measure(work, precision, peer, their_precision, arguments):
    """One row: ours and the peer in turn, and with them what the machine can do."""
    binary = arguments.build / "ablate_bench"
    with contextlib.ExitStack() as stack:
        folder = {"folder": stack.enter_context(tempfile.TemporaryDirectory())}
        description = work.description(precision, arguments.threads) | folder
        publish(binary, description)
        mine = stack.enter_context(workers.ours(binary, description))
        if arguments.against:
            other = stack.enter_context(workers.ours(arguments.against, description))
        else:
            theirs = work.description(their_precision, arguments.threads) | folder
            other = stack.enter_context(workers.peer(peer, theirs))
        compare(mine.ready["check"], other.ready["check"])
        descriptions = (machine.gemm_descriptions(precision, arguments.threads) if work.trains
                        else machine.memory_descriptions(arguments.threads))
        machines = [stack.enter_context(workers.ours(binary, one)) for one in descriptions]
        seconds = workers.in_turn([mine, other, *machines], arguments.rounds, work.repeat)
        amounts = [machine.product_flops() if work.trains else machine.bytes_moved(one) for one in descriptions]
        peak = max(amount / min(times) for amount, times in zip(amounts, seconds[2:], strict=True))
        name = peer if their_precision == precision else f"{peer} in {their_precision}"
        return LanguageRow(work, precision, name, seconds[0], seconds[1], mine.peak_memory(), other.peak_memory(), peak)
