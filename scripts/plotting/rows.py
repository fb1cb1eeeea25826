"""Figures with one mark for each row: differences to the baseline, and quality against size or cost."""
import statistics

from plotting.curves import AXES, time_unit
from plotting.interval import welch_half_width
from plotting.source import PlotError, is_number
from plotting.style import (Style, better, legend_below, legend_lines, logarithmic, new_figure, plain_numbers,
                            wrapped)

SIZES = {"parameters": "Parameters", "flops": "FLOPs per token", "tokens": AXES["tokens"], "time": AXES["time"]}
COLUMNS = {"flops": "flops_per_token", "tokens": "tokens", "time": "seconds"}


def draw_differences(source, rows, options):
    """A point for each row, the bar its 95 % interval after Welch, a stroke for each seed. A hollow point is a
    difference that was tested and is not significant."""
    column = source.column(options.measure)
    baseline = source.baseline
    if baseline is None:
        raise PlotError("differences need a baseline: name one in the experiment file")
    others = baseline.values(column)
    shown = [row for row in rows if row is not baseline and row.values(column)]
    if not others or not shown:
        raise PlotError(f"differences of {column.key} need the baseline and another row with results")
    center = statistics.fmean(others)
    labels = [wrapped(row.label, 0.4 * options.width) for row in shown]
    lines = sum(label.count("\n") + 1 for label in labels)
    figure, grid = new_figure(options.width, options.height or 0.62 + 0.1 * len(shown) + 0.13 * lines)
    plot = grid[0][0]
    plot.axvline(0, color="#000000", linewidth=0.6)
    for place, row in enumerate(shown):
        values, style = row.values(column), Style(row)
        difference = statistics.fmean(values) - center
        half = welch_half_width(values, others)
        hollow = row.cells[column.key].get("p") is not None and not row.cells[column.key].get("significant")
        plot.plot([value - center for value in values], [place] * len(values), linestyle="none", marker="|",
                  markersize=7, color=style.colour, alpha=0.5)
        plot.errorbar(difference, place, xerr=half, color=style.colour, marker=style.marker, capsize=2,
                      markerfacecolor="#FFFFFF" if hollow else style.colour, zorder=3)
    plot.set_yticks(range(len(shown)), labels)
    plot.set_ylim(len(shown) - 0.4, -0.6)
    plot.tick_params(axis="y", length=0)
    plot.spines["left"].set_visible(False)
    side = better(column.direction)
    text = f"{column.title()}: difference to {baseline.label}" + (f" ({side})" if side else "")
    plot.set_xlabel(wrapped(text, 0.62 * options.width, 8))
    return figure


def size_of(row, axis):
    """Of the row, or the mean of its runs; None where it is not known."""
    if axis == "parameters":
        return row.parameters
    if axis == "flops":
        return row.flops_per_token
    last = [block[COLUMNS[axis]][-1] for run in row.runs
            if run.get("state") == "finished" and (block := run.get("log") or {}).get(COLUMNS[axis])]
    return statistics.fmean(last) if last else None


def draw_scatter(source, rows, options):
    column = source.column(options.measure)
    axis = options.x or "parameters"
    if axis not in SIZES:
        raise PlotError(f"--x {axis}: a scatter plot is against {', '.join(SIZES)}")
    if axis != "parameters":
        source.need_report(f"a scatter plot against {axis}")
    sizes = {row.label: size_of(row, axis) for row in rows}
    shown = [row for row in rows if row.values(column) and is_number(sizes[row.label])]
    if not shown:
        raise PlotError(f"no row has both {column.key} and {axis} yet")
    unit, unit_name = time_unit(max(sizes[row.label] for row in shown)) if axis == "time" else (1, "")
    labels = [row.label for row in shown]
    height = options.height or 0.68 * options.width + 0.14 * legend_lines(labels, options.width)
    figure, grid = new_figure(options.width, height)
    plot, handles = grid[0][0], []
    for row in shown:
        values, style = row.values(column), Style(row)
        spread = statistics.stdev(values) if len(values) > 1 else None
        handles.append(plot.errorbar(sizes[row.label] / unit, statistics.fmean(values), yerr=spread, linestyle="none",
                                     marker=style.marker, markersize=5, color=style.colour, capsize=2))
    plain_numbers(plot.xaxis, options.width)
    logarithmic(plot, options.log)
    plot.set_xlabel(SIZES[axis] + (f" ({unit_name})" if unit_name else ""))
    plot.set_ylabel(column.title())
    legend_below(figure, handles, labels, options.width)
    return figure
