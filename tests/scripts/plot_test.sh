#!/bin/bash
# scripts/plot on an invented report: every figure is written, whole and the same twice; what it shows of a few numbers that
# are known; and what it says where it cannot draw. The first call installs matplotlib in the build folder.
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

def column(key, heading, content, direction, unit=""):
    return {"key": key, "heading": heading, "unit": unit, "group": "", "content": content, "direction": direction}

table = {"title": "Invented", "caption": "", "columns": [
    column("bleu@test", "BLEU", "measurement", "higher", "%"), column("nll@dev", "dev NLL", "measurement", "lower"),
    column("parameters", "Parameters", "fact", "none")],
    "rows": [{"label": label, "group": "", "baseline": row == 0, "cells": {
        "bleu@test": cell(row, 25), "nll@dev": cell(row, 2), "parameters": {"state": "value", "value": 10**6 * (row + 1)}}}
        for row, label in enumerate(LABELS)]}
report = {"title": "Invented", "figure": "bleu@test", "table": table, "rows": [
    {"label": label, "group": "", "is_baseline": row == 0, "parameters": 10**6 * (row + 1), "flops_per_token": 2.5e6,
     "runs": [run(row, seed) for seed in (1, 2, 3)]} for row, label in enumerate(LABELS)],
    "stability": [{"figure": "bleu", "direction": "higher", "row_axis": "norm", "column_axis": "warm-up",
                   "rows": LABELS[:2], "columns": ["0", "400"],
                   "cells": [[{"state": "diverged", "mean": None, "sd": None}, {"state": "value", "mean": 25.5, "sd": 0.1}],
                             [{"state": "value", "mean": 26.5, "sd": None}, {"state": "missing", "mean": None, "sd": None}]]}],
    "lengths": [{"split": "test", "figure": "BLEU", "buckets": ["1–5", "6–10", "11–40"], "rows": [
        {"label": label, "values": [30, 25.5, None if row == 2 else 20]} for row, label in enumerate(LABELS[:3])]}]}
json.dump(report, open("report.json", "w"))
json.dump(table, open("table.json", "w"))
open("empty.json", "w").write(json.dumps(report | {
    "rows": [row | {"runs": []} for row in report["rows"]], "stability": [], "lengths": []}))
EOF

plot() {
  status=0
  "$python" -W error "$project_root/scripts/plot" "$@" >output 2>errors || status=$?
  output=$(<output) errors=$(<errors)
}

# expect_figure ARGUMENT...: as SVG and as PDF, each twice.
expect_figure() {
  local kind
  for kind in svg pdf; do
    rm -f first.$kind second.$kind
    plot "$@" --out first.$kind
    expect_status 0
    plot "$@" --out second.$kind
    cmp -s first.$kind second.$kind || report_failure "$*: not the same bytes twice ($kind)"
  done
  [[ $(head -c 5 first.pdf) == %PDF- && $(tail -c 6 first.pdf) == *%%EOF* ]] || report_failure "$*: no PDF"
  ! grep -aq CreationDate first.pdf || report_failure "$*: the PDF tells a date"
  ! grep -q '<dc:date>' first.svg || report_failure "$*: the SVG tells a date"
}

# expect_texts TEXT...: all stand as texts in the figure that was drawn last.
expect_texts() {
  "$python" - "$@" >output 2>errors <<'EOF' || { errors=$(<errors); report_failure "texts are missing"; }
import sys
from xml.etree import ElementTree
texts = ["".join(text.itertext()) for text in ElementTree.parse("first.svg").iter("{http://www.w3.org/2000/svg}text")]
missing = [text for text in sys.argv[1:] if not any(text in found for found in texts)]
assert not missing, f"{missing} not in {texts}"
EOF
}

labels=(ReLU 'SwiGLU & <b>' 'pre_norm $x^2$')
expect_figure report.json --figure curves
expect_texts "${labels[@]}" 'gone astray' Updates 'Dev NLL'
expect_figure report.json --figure curves --x flops --band sd --log xy --measure loss --width 6.8 --font serif
expect_texts "${labels[@]}" FLOPs 'Training loss'
expect_figure report.json --figure curves --x time --measure gradient_norm --rows ReLU 'gone astray' --band none
expect_texts ReLU 'gone astray' 'Training time (min)'
! grep -q SwiGLU first.svg || report_failure "a row that was not asked for is drawn"
expect_figure report.json --figure differences
expect_texts "${labels[@]:1}" 'difference to' ReLU
expect_figure report.json --figure scatter --log x
expect_texts "${labels[@]}" Parameters 'BLEU (%)'
expect_figure report.json --figure scatter --x time --measure nll@dev
expect_texts "${labels[@]}" 'dev NLL' 'Training time'
expect_figure report.json --figure stability
expect_texts ReLU 'SwiGLU &' norm warm-up 25.5 26.5 × –
expect_figure report.json --figure lengths
expect_texts "${labels[@]}" BLEU '6–10' test
expect_figure table.json --figure scatter
expect_figure table.json --figure differences --measure nll@dev --height 2
expect_texts 'lower is better'
grep -q 'Type /Font' first.pdf && grep -aq '/Subtype /Type3' first.pdf && report_failure "fonts that publishers refuse"
plot - --figure scatter --out piped.pdf <table.json
expect_status 0

# The numbers: curves over seeds that were logged at different steps, and Welch's interval as SciPy has it.
"$python" - "$project_root" >output 2>errors <<'EOF' || { errors=$(<errors); report_failure "numbers"; }
import json, math, sys
from pathlib import Path
from plotting.curves import Curve, combine, counted_curves
from plotting.interval import t_quantile, welch_half_width
from plotting.source import read

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
