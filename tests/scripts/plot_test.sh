#!/bin/bash
# scripts/plot on an invented report: every figure is written, whole and the same twice; the numbers behind a few of
# them; and what it says where it cannot draw. The first call installs matplotlib in the build folder.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/python_environment.sh"

python_environment plot
sandbox=$(mktemp -d)
# matplotlib keeps its list of fonts in MPLCONFIGDIR.
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$project_root/scripts MPLCONFIGDIR=$sandbox/matplotlib
unset SOURCE_DATE_EPOCH
cd "$sandbox"

"$python" - <<'EOF'
import json, math

LABELS = ["ReLU", "SwiGLU & <b>", "pre_norm $x^2$", "gone astray"]

def run(row, seed):
    state = "diverged" if row == 3 else "finished"
    # Seeds of one row are logged at different steps.
    steps = [step for step in range(10, 210, 10) if row < 3 or step < 60]
    dev = steps[4 - seed::5]
    def nll(step):
        return 2 + math.exp(-step / 60) + 0.1 * row + 0.03 * seed
    log = {"step": steps, "tokens": [100 * step + seed for step in steps], "seconds": [3.5 * step for step in steps],
           "loss": [nll(step) + 0.3 for step in steps], "nll": [nll(step) for step in steps],
           "gradient_norm": [None if step == 20 else 1.5 for step in steps], "learning_rate": [1e-3] * len(steps)}
    evaluations = {"step": dev, "tokens": [100 * step + seed for step in dev], "seconds": [3.5 * step for step in dev],
                   "dev_nll": [nll(step) for step in dev], "dev_accuracy": [0.5] * len(dev)}
    return {"seed": seed, "state": state, "log": log, "evaluations": evaluations}

def cell(row, base):
    if row == 3:
        return {"state": "diverged", "best": False, "mean": None, "sd": None, "samples": [
            {"seed": seed, "state": "diverged", "value": None} for seed in (1, 2, 3)]}
    values = [base + row + 0.1 * seed for seed in (1, 2, 3)]
    return {"state": "value", "best": row == 2, "mean": sum(values) / 3, "sd": 0.1, "p": None if row == 0 else 0.2,
            "significant": row == 2, "samples": [{"seed": seed, "state": "value", "value": value}
                                                 for seed, value in zip((1, 2, 3), values)]}

def grid_cell(state, mean=None, sd=None):
    return {"state": state, "mean": mean, "sd": sd}

def column(key, heading, content, direction, unit=""):
    return {"key": key, "heading": heading, "unit": unit, "group": "", "content": content, "direction": direction}

table = {"title": "Invented", "caption": "", "columns": [
    column("bleu@test", "BLEU", "measurement", "higher", "%"), column("nll@dev", "dev NLL", "measurement", "lower"),
    column("parameters", "Parameters", "fact", "none")],
    "rows": [{"label": label, "group": "", "baseline": row == 0, "cells": {
        "bleu@test": cell(row, 25), "nll@dev": cell(row, 2),
        "parameters": {"state": "value", "value": 10**6 * (row + 1)}}} for row, label in enumerate(LABELS)]}
report = {"title": "Invented", "figure": "bleu@test", "table": table, "rows": [
    {"label": label, "group": "", "is_baseline": row == 0, "parameters": 10**6 * (row + 1), "flops_per_token": 2.5e6,
     "runs": [run(row, seed) for seed in (1, 2, 3)]} for row, label in enumerate(LABELS)],
    "stability": [{"figure": "bleu", "direction": "higher", "row_axis": "norm", "column_axis": "warm-up",
                   "rows": LABELS[:2], "columns": ["0", "400"],
                   "cells": [[grid_cell("diverged"), grid_cell("value", 25.5, 0.1)],
                             [grid_cell("value", 26.5), grid_cell("missing")]]}],
    "lengths": [{"split": "test", "figure": "BLEU", "buckets": ["1–5", "6–10", "11–40"], "rows": [
        {"label": label, "values": [30, 25.5, None if row == 2 else 20]} for row, label in enumerate(LABELS[:3])]}]}
json.dump(report, open("report.json", "w"))
json.dump(table, open("table.json", "w"))
json.dump(report | {"rows": [row | {"loss_name": "squared error", "loss_unit": "text"} for row in report["rows"]]},
          open("numbers.json", "w"))
open("empty.json", "w").write(json.dumps(report | {
    "rows": [row | {"runs": []} for row in report["rows"]], "stability": [], "lengths": []}))
EOF

# Each line: a name, and what scripts/plot is called with.
cat >figures <<'EOF'
curves report.json --figure curves
long_curves report.json --figure curves --x flops --band sd --log xy --measure loss --width 6.8 --font serif
some_curves report.json --figure curves --x time --measure gradient_norm --rows ReLU 'gone astray' --band none
number_curves numbers.json --figure curves
differences report.json --figure differences
scatter report.json --figure scatter --log x
scatter_time report.json --figure scatter --x time --measure nll@dev
stability report.json --figure stability
lengths report.json --figure lengths
table_scatter table.json --figure scatter
table_differences table.json --figure differences --measure nll@dev --height 2
EOF

# draw_all FOLDER: all of them as SVG and PDF, in one process, which spares half a minute.
draw_all() {
  mkdir "$1"
  "$python" -W error - "$1" "$project_root/scripts/plot" >output 2>errors <<'EOF' ||
import shlex, sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

folder, script = sys.argv[1:]
plot = module_from_spec(spec_from_loader("plot", SourceFileLoader("plot", script)))
plot.__loader__.exec_module(plot)
for line in open("figures"):
    name, *arguments = shlex.split(line)
    for kind in ("svg", "pdf"):
        sys.argv = [script, *arguments, "--out", f"{folder}/{name}.{kind}"]
        plot.main()
EOF
    { output=$(<output) errors=$(<errors); report_failure "not all figures were drawn"; }
}

draw_all first
draw_all second
diff -r first second >output 2>&1 || { output=$(<output); report_failure "not the same bytes twice"; }
while read -r name _; do
  [[ $(head -c 5 "first/$name.pdf") == %PDF- && $(tail -c 6 "first/$name.pdf") == *%%EOF* ]] ||
    report_failure "$name.pdf is no PDF"
  ! grep -aq CreationDate "first/$name.pdf" || report_failure "$name.pdf tells a date"
  ! grep -aq '/Type3' "first/$name.pdf" || report_failure "$name.pdf has fonts that publishers refuse"
  ! grep -q '<dc:date>' "first/$name.svg" || report_failure "$name.svg tells a date"
done <figures

# expect_texts NAME TEXT...: all stand as texts in that figure.
expect_texts() {
  "$python" - "$@" >output 2>errors <<'EOF' || { errors=$(<errors); report_failure "texts are missing"; }
import sys
from xml.etree import ElementTree
text = "{http://www.w3.org/2000/svg}text"
texts = ["".join(item.itertext()) for item in ElementTree.parse(f"first/{sys.argv[1]}.svg").iter(text)]
missing = [wanted for wanted in sys.argv[2:] if not any(wanted in found for found in texts)]
assert not missing, f"{missing} not in {texts}"
EOF
}
labels=(ReLU 'SwiGLU & <b>' "pre_norm \$x^2\$")
expect_texts curves "${labels[@]}" 'gone astray' Updates 'Dev NLL (nats per token)'
expect_texts long_curves "${labels[@]}" FLOPs 'Training loss'
expect_texts some_curves ReLU 'gone astray' 'Training time (min)'
! grep -q SwiGLU first/some_curves.svg || report_failure "a row that was not asked for is drawn"
expect_texts number_curves "${labels[@]}" 'Dev squared error'
! grep -q nats first/number_curves.svg || report_failure "a squared error has nats"
expect_texts differences "${labels[@]:1}" 'difference to'
expect_texts scatter "${labels[@]}" Parameters 'BLEU (%)'
expect_texts scatter_time "${labels[@]}" 'dev NLL' 'Training time'
expect_texts stability ReLU 'SwiGLU &' norm warm-up 25.5 26.5 × –
expect_texts lengths "${labels[@]}" BLEU '6–10' test
expect_texts table_scatter "${labels[@]}"
expect_texts table_differences 'lower is'

plot() {
  status=0
  "$python" "$project_root/scripts/plot" "$@" >output 2>errors || status=$?
  output=$(<output) errors=$(<errors)
}
plot - --figure scatter --out piped.pdf <table.json
expect_status 0
cmp -s piped.pdf first/table_scatter.pdf || report_failure "standard input gives another figure"

# The numbers: curves over seeds that were logged at different steps, and Welch's interval as SciPy has it.
"$python" - "$project_root" >output 2>errors <<'EOF' || { errors=$(<errors); report_failure "numbers"; }
import json, math, sys
from pathlib import Path
from plotting.curves import Curve, combine, counted_curves, title_of
from plotting.interval import t_quantile, welch_half_width
from plotting.source import Row, read

golden = json.loads((Path(sys.argv[1]) / "tests/golden/significance.json").read_text())["seeds"]
for known in golden["quantiles"]:
    if known["probability"] > 0.5:
        found = t_quantile(known["probability"], known["df"])
        assert math.isclose(found, known["t"], rel_tol=1e-9), (known, found)
for known in golden["welch"]:
    a, b = known["a"], known["b"]
    difference = sum(a) / len(a) - sum(b) / len(b)
    wanted = abs(difference / known["t"]) * t_quantile(0.975, known["df"])
    assert math.isclose(welch_half_width(a, b), wanted, rel_tol=1e-9), known
assert welch_half_width([1], [1, 2]) is None and welch_half_width([1, 1], [2, 2]) == 0

one, two = Curve("finished", [10, 30], [1, 3], [5, 7]), Curve("finished", [20, 30], [4, 6], [2, 3])
for band, low, high in (("range", [5, 2, 3], [5, 6, 7]),
                        ("sd", [5, 4 - math.sqrt(8), 5 - math.sqrt(8)], [5, 4 + math.sqrt(8), 5 + math.sqrt(8)])):
    both = combine([one, two], band)
    assert list(both.x) == [1, 3, 4.5] and list(both.mean) == [5, 4, 5], both
    assert all(math.isclose(a, b) for a, b in zip(list(both.low) + list(both.high), low + high)), both
lost = Curve("diverged", [10], [1], [9])
assert counted_curves([one, lost]) == [one] and counted_curves([lost]) == [lost]
def learning(value, unit):
    return Row("", 0, False, {}, loss_name=value, loss_unit=unit)
classes, numbers = learning("nll", "text"), learning("squared error", "text")
assert title_of("loss", [classes, classes]) == "Training loss (nats per text)"
assert title_of("nll", [classes, learning("nll", "hidden token")]) == "Training NLL (nats per text or token)"
assert title_of("dev_nll", [classes, numbers]) == "Dev NLL or squared error"
assert title_of("dev_loss", [numbers]) == "Dev loss" and title_of("dev_accuracy", [classes]) == "Dev accuracy"
assert read(Path("report.json")).rows[1].values(read(Path("report.json")).column("bleu@test")) == [26.1, 26.2, 26.3]
EOF

# expect_error WORDS ARGUMENT...
expect_error() {
  local words=$1
  shift
  plot "$@"
  [[ $status != 0 ]] || report_failure "drawn: $*"
  expect_says "$words"
  expect_silent_on Traceback
}
expect_error "a table is not enough for curves" table.json --figure curves --out x.pdf
expect_error "a table is not enough for stability" table.json --figure stability --out x.pdf
expect_error "a table is not enough for a scatter plot against flops" table.json --figure scatter --x flops --out x.pdf
expect_error "no run has logged dev_nll yet" empty.json --figure curves --out x.pdf
expect_error "no grid of settings" empty.json --figure stability --out x.pdf
expect_error "no quality by length" empty.json --figure lengths --out x.pdf
expect_error "there is no figure 'ter@test' in the table; it has bleu@test, nll@dev" \
  report.json --figure differences --measure ter@test --out x.pdf
expect_error "there is no row 'GELU'; the rows are: ReLU" report.json --figure curves --rows GELU --out x.pdf
expect_error "ends in .svg or .pdf" report.json --figure curves --out x.png
expect_error "none/x.pdf: cannot be written" report.json --figure curves --out none/x.pdf
expect_error "none.json: cannot be read" none.json --figure curves --out x.pdf
echo '{"rows": 3}' >other.json
expect_error "other.json: neither what" other.json --figure curves --out x.pdf
echo '{"rows": ' >half.json
expect_error "half.json: no JSON" half.json --figure curves --out x.pdf
expect_error "--x has no effect on differences" report.json --figure differences --x time --out x.pdf
status=0
"$python" -S "$project_root/scripts/plot" report.json --figure curves --out x.pdf >output 2>errors || status=$?
output=$(<output) errors=$(<errors)
expect_status 1
expect_says "python3 -m pip install -r scripts/requirements/plot.txt"
[[ ! -e x.pdf ]] || report_failure "a figure was left where there was an error"
finish
