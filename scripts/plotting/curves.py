"""Learning curves: a line for each row, the mean over its seeds, and a band for their spread."""
from dataclasses import dataclass

import numpy

from plotting.source import PlotError, is_number, numbers
from plotting.style import Style, legend_below, legend_lines, logarithmic, new_figure, plain_numbers

MEASURES = {
    "dev_nll": "Dev {value}{nats}", "dev_loss": "Dev loss{nats}", "dev_accuracy": "Dev accuracy",
    "nll": "Training {value}{nats}", "loss": "Training loss{nats}",
    "gradient_norm": "Norm of the gradient", "learning_rate": "Learning rate"}
AXES = {"steps": "Updates", "tokens": "Target tokens", "flops": "FLOPs of training", "time": "Training time"}
TIME_UNITS = ((7200, 3600, "h"), (300, 60, "min"), (0, 1, "s"))  # from so many seconds on: seconds of a unit


@dataclass
class Curve:
    """What one seed logged, without what was not finite."""

    state: str
    step: list
    x: list
    y: list


@dataclass
class Combined:
    """Over the seeds of a row that came so far: all arrays are of one length."""

    x: list
    mean: list
    low: list
    high: list
    seeds: int


def title_of(measure, rows):
    """Logs call every loss an nll; here it is called what it is, and counted in nats where it is one."""
    values = list(dict.fromkeys(row.loss_name for row in rows))
    units = list(dict.fromkeys(row.loss_unit.split()[-1] for row in rows))
    nats = f" (nats per {' or '.join(units)})" if values == ["nll"] else ""
    return MEASURES[measure].format(value=" or ".join(values).replace("nll", "NLL"), nats=nats)


def x_values(row, block, axis):
    if axis == "steps":
        return numbers(block.get("step", []))
    if axis == "time":
        return numbers(block.get("seconds", []))
    factor = 1 if axis == "tokens" else row.flops_per_token
    if not is_number(factor):
        raise PlotError(f"the report tells no FLOPs per token of '{row.label}': choose another --x")
    return [factor * tokens for tokens in numbers(block.get("tokens", []))]


def curves_of(row, measure, axis):
    curves = []
    for run in row.runs:
        block = run.get("evaluations" if measure.startswith("dev_") else "log") or {}
        points = [point for point in zip(numbers(block.get("step", [])), x_values(row, block, axis),
                                         numbers(block.get(measure, []))) if all(map(is_number, point))]
        if points:
            curves.append(Curve(run.get("state", ""), *map(list, zip(*points))))
    return curves


def counted_curves(curves):
    """As in the tables, diverged seeds do not count unless all have diverged."""
    return [curve for curve in curves if curve.state != "diverged"] or curves


def combine(curves, band):
    """At every step that any seed logged; between two of its own steps a seed counts with the straight line."""
    steps = sorted({step for curve in curves for step in curve.step})

    def filled(curve, values):
        return numpy.interp(steps, curve.step, values, left=numpy.nan, right=numpy.nan)

    ys = numpy.array([filled(curve, curve.y) for curve in curves])
    xs = numpy.array([filled(curve, curve.x) for curve in curves])
    mean = numpy.nanmean(ys, axis=0)
    if band == "sd":
        counts = numpy.sum(~numpy.isnan(ys), axis=0)
        spread = numpy.sqrt(numpy.nansum((ys - mean) ** 2, axis=0) / numpy.maximum(counts - 1, 1))
        low, high = mean - spread, mean + spread
    else:
        low, high = numpy.nanmin(ys, axis=0), numpy.nanmax(ys, axis=0)
    return Combined(numpy.nanmean(xs, axis=0), mean, low, high, len(curves))


def time_unit(longest):
    return next((seconds, name) for least, seconds, name in TIME_UNITS if longest >= least)


def draw_row(plot, row, curves, band, unit):
    """The line; its legend's handle."""
    style = Style(row)
    look = {"color": style.colour, "linestyle": style.dashes}
    counted = counted_curves(curves)
    combined = combine(counted, band)
    if band != "none" and combined.seeds > 1:
        plot.fill_between(combined.x / unit, combined.low, combined.high, color=style.colour, alpha=0.18, linewidth=0)
    for curve in curves:
        if curve.state != "diverged":
            continue
        xs = [x / unit for x in curve.x]
        if curve not in counted:
            plot.plot(xs, curve.y, linewidth=0.6, **look)
        plot.plot(xs[-1], curve.y[-1], marker="x", markersize=6, color=style.colour)  # here it was last seen
    every = max(1, len(combined.x) // 8)
    return plot.plot(combined.x / unit, combined.mean, marker=style.marker, markevery=every, **look)[0]


def draw(source, rows, options):
    source.need_report("curves")
    measure = options.measure or "dev_nll"
    if measure not in MEASURES:
        raise PlotError(f"--measure {measure}: curves are of {', '.join(MEASURES)}")
    known = {row.label: curves for row in rows if (curves := curves_of(row, measure, options.x or "steps"))}
    if not known:
        raise PlotError(f"no run has logged {measure} yet")
    unit, unit_name = 1, ""
    if options.x == "time":
        unit, unit_name = time_unit(max(curve.x[-1] for curves in known.values() for curve in curves))
    height = options.height or 0.68 * options.width + 0.14 * legend_lines(list(known), options.width)
    figure, grid = new_figure(options.width, height)
    plot = grid[0][0]
    drawn = [row for row in rows if row.label in known]
    handles = [draw_row(plot, row, known[row.label], options.band, unit) for row in drawn]
    plain_numbers(plot.xaxis, options.width)
    logarithmic(plot, options.log)
    plot.set_xlabel(AXES[options.x or "steps"] + (f" ({unit_name})" if unit_name else ""))
    plot.set_ylabel(title_of(measure, drawn))
    legend_below(figure, handles, list(known), options.width)
    return figure
