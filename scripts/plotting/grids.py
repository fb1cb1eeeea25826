"""Stability over a grid of settings, and quality by the length of sentences."""
import math

from matplotlib import colormaps, colors
from matplotlib.patches import Rectangle

from plotting.source import PlotError, is_number, numbers
from plotting.style import Style, better, legend_below, legend_lines, logarithmic, new_figure, wrapped

MAP = "cividis"  # even in lightness, and alike for readers with any kind of colour vision
MARKS = {"diverged": "×", "failed": "failed", "running": "…", "missing": "–"}


def color_scale(grid):
    """(colour map, scale); the better a cell, the lighter it is."""
    means = [cell["mean"] for line in grid["cells"] for cell in line if is_number(cell.get("mean"))]
    low, high = (min(means), max(means)) if means else (0, 1)
    scale = colors.Normalize(low, high if high > low else low + 1)
    return colormaps[MAP + "_r" if grid.get("direction") == "lower" else MAP], scale


def draw_cell(plot, cell, place, color_map, scale):
    column, line = place
    shown = cell.get("state") == "value" and is_number(cell.get("mean"))
    face = color_map(scale(cell["mean"])) if shown else "#FFFFFF"
    plot.add_patch(Rectangle((column - 0.5, line - 0.5), 1, 1, facecolor=face, hatch=None if shown else "////",
                             edgecolor="#FFFFFF" if shown else "#999999", linewidth=0.6))
    if not shown:
        text, ink = MARKS.get(cell.get("state"), "–"), "#000000"
        plot.text(column, line, text, ha="center", va="center", color=ink, fontsize=7,
                  bbox={"facecolor": "#FFFFFF", "edgecolor": "none", "pad": 1})
        return
    spread = f"\n±{cell['sd']:.2g}" if is_number(cell.get("sd")) else ""
    red, green, blue, _ = face
    dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
    plot.text(column, line, f"{cell['mean']:.4g}{spread}", ha="center", va="center", fontsize=6.5,
              color="#FFFFFF" if dark else "#000000")


def draw_grid(plot, grid, width):
    color_map, scale = color_scale(grid)
    for line, cells in enumerate(grid["cells"]):
        for column, cell in enumerate(cells):
            draw_cell(plot, cell, (column, line), color_map, scale)
    plot.set_xlim(-0.5, len(grid["columns"]) - 0.5)
    plot.set_ylim(len(grid["rows"]) - 0.5, -0.5)
    plot.set_xticks(range(len(grid["columns"])), grid["columns"])
    plot.set_yticks(range(len(grid["rows"])), [wrapped(label, 0.3 * width) for label in grid["rows"]])
    plot.tick_params(length=0)
    for spine in plot.spines.values():
        spine.set_visible(False)
    plot.set_xlabel(grid.get("column_axis", ""))
    plot.set_ylabel(grid.get("row_axis", ""))
    side = better(grid.get("direction"))
    plot.set_title(grid["figure"] + (f" ({side})" if side else ""))


def draw_stability(source, _, options):
    source.need_report("stability")
    grids = [grid for grid in source.stability if grid.get("rows") and grid.get("columns")]
    if not grids:
        raise PlotError("the report has no grid of settings: its experiment asks for none")
    heights = [0.7 + 0.34 * len(grid["rows"]) for grid in grids]
    figure, plots = new_figure(options.width, options.height or sum(heights), nrows=len(grids), height_ratios=heights)
    for plot, grid in zip(plots[:, 0], grids):
        draw_grid(plot, grid, options.width)
    return figure


def draw_lengths(source, rows, options):
    source.need_report("lengths")
    chosen = {row.label: row for row in rows}
    panels = [(panel, [line for line in panel["rows"] if line["label"] in chosen]) for panel in source.lengths]
    panels = [(panel, lines) for panel, lines in panels
              if any(not math.isnan(value) for line in lines for value in numbers(line["values"]))]
    if not panels:
        raise PlotError("the report has no quality by length: its experiment scores no outputs, or no run has finished")
    handles = {}
    labels = [row.label for row in rows if any(row.label == line["label"] for _, lines in panels for line in lines)]
    height = options.height or 0.55 * options.width * len(panels) + 0.14 * legend_lines(labels, options.width)
    figure, plots = new_figure(options.width, height, nrows=len(panels))
    for plot, (panel, lines) in zip(plots[:, 0], panels):
        places = range(len(panel["buckets"]))
        for line in lines:
            style = Style(chosen[line["label"]])
            handles[line["label"]], = plot.plot(places, numbers(line["values"]), color=style.colour,
                                                linestyle=style.dashes, marker=style.marker)
        plot.set_xticks(places, panel["buckets"])
        logarithmic(plot, options.log.replace("x", ""))
        plot.set_ylabel(panel["figure"])
        plot.set_title(panel["split"])
    plots[-1, 0].set_xlabel("Source tokens")
    legend_below(figure, [handles[label] for label in labels], labels, options.width)
    return figure
