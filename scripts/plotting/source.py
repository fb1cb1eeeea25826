"""What is drawn: the JSON of `ablate report --json`, or of `ablate table --format json`, which has no curves."""
import json
import math
import sys
from dataclasses import dataclass, field


class PlotError(Exception):
    """What is wrong, and what to do."""


@dataclass
class Column:
    """One figure of the table for all rows."""

    key: str
    heading: str
    unit: str
    direction: str  # higher, lower or none: which way is better

    def title(self):
        return f"{self.heading} ({self.unit})" if self.unit else self.heading


@dataclass
class Row:
    label: str
    place: int  # among all rows but the baseline: its colour stays the same if others are left out
    is_baseline: bool
    cells: dict  # by the column's key, as the table has them
    parameters: float = None
    flops_per_token: float = None
    runs: list = field(default_factory=list)
    loss_name: str = "nll"  # the loss that training chooses by
    loss_unit: str = "target token"  # that it is the mean of

    def values(self, column):
        """Those of the seeds that gave one."""
        samples = self.cells.get(column.key, {}).get("samples", [])
        return [sample["value"] for sample in samples if sample.get("state") == "value" and is_number(sample["value"])]


@dataclass
class Source:
    columns: list  # of Column: those that hold measurements
    rows: list  # of Row
    figure: str  # key of the column that the report is about, or None
    is_report: bool
    stability: list
    lengths: list

    @property
    def baseline(self):
        return next((row for row in self.rows if row.is_baseline), None)

    def column(self, key):
        """The measurement of that key, or the first that the report or the table names."""
        wanted = key or self.figure or next((column.key for column in self.columns if column.direction != "none"), None)
        found = next((column for column in self.columns if column.key == wanted), None)
        if found is None:
            keys = ", ".join(column.key for column in self.columns) or "none"
            raise PlotError(f"there is no figure '{wanted}' in the table; it has {keys}")
        return found

    def chosen(self, labels):
        """The rows with these labels in their order, or all."""
        by_label = {row.label: row for row in self.rows}
        unknown = [label for label in labels or [] if label not in by_label]
        if unknown:
            raise PlotError(f"there is no row '{unknown[0]}'; the rows are: {', '.join(by_label)}")
        return [by_label[label] for label in labels] if labels else self.rows

    def need_report(self, figure):
        if not self.is_report:
            raise PlotError(f"a table is not enough for {figure}: give what `ablate report FILE.json --json` prints")


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def numbers(values):
    """What is no finite number is NaN, which is a gap in a line."""
    return [float(value) if is_number(value) else math.nan for value in values]


def rows_of(table, reported):
    rows = []
    for row in table["rows"]:
        place = sum(not before.is_baseline for before in rows)
        more = reported.get(row["label"], {})
        parameters = more.get("parameters", row["cells"].get("parameters", {}).get("value"))
        rows.append(Row(row["label"], place, bool(row.get("baseline")), row["cells"], parameters,
                        more.get("flops_per_token"), more.get("runs", []), more.get("loss_name", "nll"),
                        more.get("loss_unit", "target token")))
    return rows


def build(content):
    is_report = "table" in content
    table = content["table"] if is_report else content
    columns = [Column(column["key"], column["heading"], column.get("unit", ""), column["direction"])
               for column in table["columns"] if column["content"] == "measurement"]
    reported = {row["label"]: row for row in content["rows"]} if is_report else {}
    return Source(columns, rows_of(table, reported), content.get("figure") if is_report else None, is_report,
                  content.get("stability", []), content.get("lengths", []))


def read(file):
    """`file` is a path, or "-" for standard input."""
    name = "standard input" if str(file) == "-" else str(file)
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        source = build(json.loads(text))
    except OSError as error:
        raise PlotError(f"{name}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise PlotError(f"{name}: no JSON: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise PlotError(f"{name}: neither what `ablate report --json` prints nor what `ablate table --format json` "
                        f"does ({type(error).__name__}: {error})") from error
    if not source.rows:
        raise PlotError(f"{name}: it has no rows")
    return source
