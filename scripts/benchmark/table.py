"""Rows of the benchmark: records for the JSON file and the printed table."""
from dataclasses import dataclass

from benchmark.workers import median
from benchmark.works import Work


@dataclass
class Row:
    work: Work
    precision: str
    peer: str
    ours: list
    theirs: list
    our_memory: float = None  # peak, MiB
    their_memory: float = None
    peak: float = None  # of the machine's matrix product, FLOP/s

    @property
    def ratio(self):
        return median(self.theirs) / median(self.ours)

    def share_of_peak(self):
        return self.work.flops / median(self.ours) / self.peak if self.peak else None

    def record(self):
        record = {
            "work": self.work.name, "precision": self.precision, "peer": self.peer, "ours": self.ours,
            "theirs": self.theirs, "ratio": self.ratio}
        if self.our_memory:
            record |= {"our_memory_mib": self.our_memory, "their_memory_mib": self.their_memory}
        if self.peak:
            record |= {"gemm_peak_flops": self.peak, "share_of_peak": self.share_of_peak()}
        return record

    def sentence(self):
        return (f"{self.work.name}, {self.precision}, {self.peer}: {self.ratio:.2f} times as fast "
                f"({median(self.ours):.4g} s against {median(self.theirs):.4g} s)")

    def cells(self):
        def rate(seconds):
            return f"{self.work.tokens / median(seconds):,.0f}" if self.work.kind not in ("start", "batching") else "-"

        share = self.share_of_peak()
        worst, best = (sorted(t / o for o, t in zip(self.ours, self.theirs))[i] for i in (0, -1))
        return [
            self.work.name, self.precision, self.peer, f"{self.ratio:.2f}", f"{worst:.2f} to {best:.2f}",
            f"{median(self.ours):.4g}", f"{median(self.theirs):.4g}", rate(self.ours), rate(self.theirs),
            f"{100 * share:.0f} %" if share else "-", f"{self.peak / 1e9:.0f}" if self.peak else "-",
            f"{self.our_memory:.0f}" if self.our_memory else "-",
            f"{self.their_memory:.0f}" if self.their_memory else "-"]


HEADINGS = [
    "work", "precision", "peer", "ratio", "in single rounds", "ours (s)", "theirs (s)", "ours (tokens/s)",
    "theirs (tokens/s)", "ours of GEMM peak", "GEMM peak (GFLOP/s)", "our memory (MiB)", "their memory (MiB)"]


def print_table(rows):
    print_lines([HEADINGS, *(row.cells() for row in rows)])


def print_lines(lines):
    """The first line holds the headings; of the columns the first three are words."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    lines.insert(1, [("-" * (width - 1) + ":") if i > 2 else "-" * width for i, width in enumerate(widths)])
    for line in lines:
        print("| " + " | ".join(
            cell.rjust(width) if i > 2 else cell.ljust(width) for i, (cell, width) in enumerate(zip(line, widths)))
            + " |")
