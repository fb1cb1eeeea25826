#!/bin/bash
# A run's file of events as TensorBoard itself reads it: every scalar is the one in metrics.jsonl, also after a run that
# was killed and went on. The first call installs TensorBoard in the build folder.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/python_environment.sh"

ablate=${ABLATE_TEST_BUILD:-$project_root/build}/ablate
python_environment tensorboard
sandbox=$(mktemp -d)
output="" errors=""

# write_experiment FILE STEPS EVALUATE_EVERY LOG_EVERY ROWS
write_experiment() {
  cat >"$sandbox/$1" <<EOF
{
  "title": "Tiny", "seeds": [1],
  "model": {"d_model": 16, "max_length": 16, "attention": {"heads": 2}, "feed_forward": {"d_ff": 32},
            "residual": {"kind": "pre_norm"}, "encoder": {"layers": 1}, "decoder": {"layers": 1}},
  "data": {"kind": "task", "task": {"kind": "copy", "train": 200, "dev": 20, "test": 20, "min_length": 3,
                                    "max_length": 6, "vocabulary": 8}},
  "training": {"batch": {"tokens": 64}, "schedule": {"kind": "constant", "learning_rate": 2e-3, "warmup": 10},
               "budget": {"steps": $2}, "evaluate_every": {"steps": $3}, "log_every": $4},
  "decoding": {"kind": "greedy", "max_length_constant": 2},
  "evaluation": {"metrics": ["exact_match"]},
  "rows": $5
}
EOF
}

# Trains in a folder of its own, and never with a corpus that lies on this machine.
ablate_run() {
  cd "$sandbox" && ABLATE_DATA=$sandbox/corpora exec "$ablate" run "$@" --device cpu --threads 1
}

train() {
  (ablate_run "$@") >"$sandbox/output" 2>"$sandbox/errors" ||
    { output=$(<"$sandbox/output") errors=$(<"$sandbox/errors"); report_failure "training failed"; }
}

# expect_same RUNS COUNT: all scalars of all runs, in both directions; COUNT is how many runs there are.
expect_same() {
  "$python" - "$sandbox/$1" "$2" >"$sandbox/output" 2>"$sandbox/errors" <<'EOF' ||
import json, math, struct, sys
from pathlib import Path
from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator

TRAIN = ("loss", "nll", "gradient_norm", "learning_rate", "tokens_per_second")

def as_float(value):
    return struct.unpack("<f", struct.pack("<f", math.nan if value is None else value))[0]

def logged(file):
    """(tag, step) -> value."""
    scalars = {}
    for line in map(json.loads, file.read_text().splitlines()):
        if "dev_nll" in line:
            values = {"dev/" + name: line["dev_" + name] for name in ("loss", "nll", "accuracy")}
            values["dev/perplexity"] = math.exp(line["dev_nll"])
        else:
            values = {"train/" + name: line[name] for name in TRAIN}
        for tag, value in values.items():
            assert (tag, line["step"]) not in scalars, f"{file}: {tag} twice at step {line['step']}"
            scalars[tag, line["step"]] = as_float(value)
    return scalars

folders = sorted(file.parent for file in Path(sys.argv[1]).glob("*/metrics.jsonl"))
assert len(folders) == int(sys.argv[2]), f"runs: {folders}"
for folder in folders:
    events = list(folder.glob("*tfevents*"))
    assert len(events) == 1, f"{folder}: files of events: {events}"
    reader = EventAccumulator(str(folder), size_guidance={SCALARS: 0}, purge_orphaned_data=False).Reload()
    shown = {}
    for tag in reader.Tags()[SCALARS]:
        for event in reader.Scalars(tag):
            assert (tag, event.step) not in shown, f"{folder}: TensorBoard has {tag} twice at step {event.step}"
            assert event.wall_time > 0
            shown[tag, event.step] = event.value
    wanted = logged(folder / "metrics.jsonl")
    assert len(wanted) > 20 and shown.keys() == wanted.keys(), f"{folder}: {shown.keys() ^ wanted.keys()}"
    for place, value in wanted.items():
        here = shown[place]
        near = math.isclose(here, value, rel_tol=1e-6) if place[0] == "dev/perplexity" else here == value
        assert near or (math.isnan(here) and math.isnan(value)), f"{folder}: {place}: {here}, logged was {value}"
EOF
    { output=$(<"$sandbox/output") errors=$(<"$sandbox/errors"); report_failure "TensorBoard reads something else"; }
}

write_experiment experiment.json 30 15 5 '[{"name": "sinusoidal"}, {"set": {"model.position.kind": "rotary"}}]'
train experiment.json --out runs
expect_same runs 2

# Killed between two saved states: what it wrote after the last one is cut off and written again. Each update is logged,
# so that there is something to cut off; the group holds all processes that the program may have started.
write_experiment long.json 1500 200 1 '[{"name": "sinusoidal"}]'
set -m
(ablate_run long.json --out killed) >/dev/null 2>&1 &
group=$!
set +m
log=$sandbox/log
while kill -0 "$group" 2>/dev/null; do
  cat "$sandbox"/killed/*/metrics.jsonl >"$log" 2>/dev/null || true
  [[ $(wc -l <"$log") -lt 300 ]] || break
  sleep 0.05
done
kill -KILL -- "-$group" 2>/dev/null || report_failure "the run ended before it could be killed"
wait "$group" 2>/dev/null || true
train long.json --out killed
expect_same killed 1

finish
