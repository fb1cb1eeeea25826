"""What all figures look alike in, and how they are written: the same bytes each time. Imports matplotlib."""
import textwrap
from pathlib import Path

import matplotlib

matplotlib.use("agg")
from matplotlib import pyplot, ticker  # noqa: E402

from plotting.source import PlotError  # noqa: E402

# Okabe and Ito 2008, which readers with any kind of colour vision tell apart; without yellow, too light for a line.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
BASELINE_COLOUR, BASELINE_MARKER = "#000000", "o"
DASHES = ("solid", (0, (4, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)))
MARKERS = "sD^vP*X"
POINT = 1 / 72  # inch
FONTS = {"sans": {"font.family": "DejaVu Sans"},
         "serif": {"font.family": "STIXGeneral"}}

SETTINGS = {
    "font.size": 8, "axes.labelsize": 8, "axes.titlesize": 8, "legend.fontsize": 7, "xtick.labelsize": 7,
    "ytick.labelsize": 7, "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6,
    "lines.linewidth": 1.2, "lines.markersize": 3.5, "axes.spines.top": False, "axes.spines.right": False,
    "legend.frameon": False, "figure.constrained_layout.use": True,
    "text.parse_math": False,  # labels are names: a $ in one is a $
    "pdf.fonttype": 42, "ps.fonttype": 42,  # TrueType, which publishers ask for
    "svg.fonttype": "none", "svg.hashsalt": "ablate",  # text as text; the same identifiers each time
}


class Style:
    """The looks of a row: the baseline is black, the others take colours by their place."""

    def __init__(self, row):
        if row.is_baseline:
            self.colour, self.dashes, self.marker = BASELINE_COLOUR, DASHES[0], BASELINE_MARKER
        else:
            self.colour = COLOURS[row.place % len(COLOURS)]
            self.dashes = DASHES[row.place // len(COLOURS) % len(DASHES)]
            self.marker = MARKERS[row.place % len(MARKERS)]


def apply(font):
    matplotlib.rcdefaults()
    matplotlib.rcParams.update(SETTINGS | FONTS[font])


def new_figure(width, height, **grid):
    return pyplot.subplots(figsize=(width, height), squeeze=False, **grid)


def plain_numbers(axis, width):
    """1.5M, 20k: no powers of ten in a corner, and as many as there is room for if their digits differ late."""
    axis.set_major_locator(ticker.MaxNLocator(max(3, int(1.3 * width))))
    axis.set_major_formatter(ticker.EngFormatter(sep=""))


def logarithmic(plot, axes):
    """Numbers at 1, 2 and 5 of each decade, as they are written on the other axes."""
    for name, axis, scale in (("x", plot.xaxis, plot.set_xscale), ("y", plot.yaxis, plot.set_yscale)):
        if name in axes:
            scale("log")
            axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
            axis.set_minor_locator(ticker.NullLocator())
            if name == "y":
                axis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))


def wrapped(text, inches, size=7):
    """Lines of about that width: a letter is half as wide as high."""
    return textwrap.fill(" ".join(text.split()), max(8, int(inches / (0.55 * size * POINT))))


def legend_lines(labels, width):
    """How many lines of a legend below a figure the labels take."""
    return -(-len(labels) // legend_columns(labels, width))


def legend_columns(labels, width, size=7):
    longest = max(len(label) for label in labels) * 0.55 * size * POINT + 0.5
    return max(1, min(len(labels), int(width / longest)))


def legend_below(figure, handles, labels, width):
    figure.legend(handles, labels, loc="outside lower center", ncols=legend_columns(labels, width), handlelength=2.4,
                  columnspacing=1.2)


def better(direction):
    return {"higher": "higher is better", "lower": "lower is better"}.get(direction, "")


def save(figure, path):
    """The format is told by the name's end. Without dates, so that nothing differs between two calls."""
    kind = path.suffix.lower()
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(kind)
    if metadata is None:
        raise PlotError(f"{path}: the name of a figure ends in .svg or .pdf")
    try:
        figure.savefig(Path(path), metadata=metadata)
    except OSError as error:
        raise PlotError(f"{path}: cannot be written: {error.strerror}") from error
    pyplot.close(figure)
