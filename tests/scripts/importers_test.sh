#!/bin/bash
# scripts/import_mlflow and scripts/import_wandb: what they store of runs that are made here, read back by MLflow and
# out of W&B's own records; importing again; and what they say of folders that are none. The first call installs both
# packages in the build folder.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/python_environment.sh"

python_environment mlflow
mlflow_python=$python
python_environment wandb
wandb_python=$python
sandbox=$(mktemp -d)
runs=$sandbox/runs
# Nothing of the user's own settings, and nothing that is sent anywhere.
export HOME=$sandbox PYTHONDONTWRITEBYTECODE=1 MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true
unset WANDB_MODE WANDB_DIR WANDB_DATA_DIR MLFLOW_TRACKING_URI

# What every Python part of this test shares: the runs, and the values that are to be found in a store.
cat >"$sandbox/made_runs.py" <<'EOF'
import json, math, os
from pathlib import Path

RUNS = Path(os.environ["HOME"]) / "runs"
CONFIG = {"model": {"d_model": 16, "dropout": 0.1, "vocabulary": None, "norm": {"kind": "rms_norm"}},
          "decoding": {"kind": "beam", "beam": 4}, "evaluation": {"metrics": ["chrf++"], "checkpoint": "last"}}
DECODING = {"decoding": CONFIG["decoding"], "checkpoint": "last", "commit": "0123456789ab", "splits": {
    "test": {"data": "feed", "nll": 2.5, "tokens": 400, "scores": {
        "chrf++": {"value": 51.25, "signature": "nrefs:1|nw:2", "text": "chrF2++ = 51.25"}}}}}
OTHER = DECODING | {"decoding": {"kind": "greedy"}}

def folder(name, seed, digit):
    return RUNS / f"{name}.s{seed}.{digit * 16}"

FINISHED, DIVERGED, UNFINISHED = folder("rms", 1, "a"), folder("rms", 2, "b"), folder("rms", 3, "c")

def line(step, **values):
    return json.dumps({"step": step, "epoch": 0, "tokens": 100 * step, "seconds": 0.5 * step} | values) + "\n"

def logged(step, loss):
    return line(step, loss=loss, learning_rate=1e-3)

def evaluated(step, nll):
    return line(step, dev_nll=nll, dev_accuracy=0.25)

def write(folder, log, result):
    folder.mkdir(parents=True, exist_ok=True)
    _, seed, digest = folder.name.rsplit(".", 2)
    (folder / "config.json").write_text(json.dumps(
        {"hash": digest, "mathematics": 1, "label": "RMS + “pre”", "seed": int(seed[1:]), "data_hash": "beef",
         "config": CONFIG, "environment": {"commit": "0123456789ab", "device": "cpu", "threads": 2}}))
    (folder / "metrics.jsonl").write_text(log)
    if result:
        (folder / "result.json").write_text(json.dumps(result))

def result(status, decodings):
    return {"status": status, "environment": {"commit": "0123456789ab+", "device": "cpu", "threads": 2},
            "training": {"reason": "steps", "parameters": 4000, "last": [{"step": 20, "dev_nll": 2}]},
            "decodings": decodings}

LOG = logged(10, 3.5) + evaluated(10, 2.75) + logged(20, 3.25) + evaluated(20, 2.5)

def make_all():
    write(FINISHED, LOG, result("finished", {"d1": DECODING, "d2": OTHER}))
    (FINISHED / "step_00000020.safetensors").write_bytes(b"weights")
    (FINISHED / "tokenizer.model").write_bytes(b"pieces")
    write(DIVERGED, logged(10, 9.0) + line(20, loss=None, learning_rate=1e-3), result("diverged", {}))
    write(UNFINISHED, logged(10, 3.5) + '{"step": 20, "epo', None)
    (RUNS / "corpora").mkdir(exist_ok=True)

CURVES = {
    FINISHED: {10: {"train/loss": 3.5, "train/learning_rate": 1e-3, "dev/nll": 2.75, "dev/accuracy": 0.25,
                    "dev/perplexity": math.exp(2.75), "epoch": 0, "tokens": 1000, "seconds": 5},
               20: {"train/loss": 3.25, "train/learning_rate": 1e-3, "dev/nll": 2.5, "dev/accuracy": 0.25,
                    "dev/perplexity": math.exp(2.5), "epoch": 0, "tokens": 2000, "seconds": 10}},
    DIVERGED: {10: {"train/loss": 9, "train/learning_rate": 1e-3, "epoch": 0, "tokens": 1000, "seconds": 5},
               20: {"train/loss": math.nan, "train/learning_rate": 1e-3, "epoch": 0, "tokens": 2000, "seconds": 10}},
    UNFINISHED: {10: {"train/loss": 3.5, "train/learning_rate": 1e-3, "epoch": 0, "tokens": 1000, "seconds": 5}}}
FIGURES = {
    FINISHED: {"final/training/parameters": 4000, "final/test/nll": 2.5, "final/test/tokens": 400,
               "final/test/chrf++": 51.25, "final/d2/test/nll": 2.5, "final/d2/test/tokens": 400,
               "final/d2/test/chrf++": 51.25},
    DIVERGED: {"final/training/parameters": 4000}, UNFINISHED: {}}

def same(found, wanted):
    return found.keys() == wanted.keys() and all(
        found[key] == wanted[key] or (math.isnan(found[key]) and math.isnan(wanted[key])) for key in wanted)

def check(what, found, wanted):
    if not (same(found, wanted) if isinstance(wanted, dict) else found == wanted):
        raise SystemExit(f"{what}: found {found}, wanted {wanted}")
EOF
export PYTHONPATH=$sandbox

# in_python PYTHON: runs the program in standard input.
in_python() {
  "$1" - >"$sandbox/output" 2>"$sandbox/errors" || {
    output=$(<"$sandbox/output") errors=$(<"$sandbox/errors")
    report_failure "what was stored is something else"
  }
}

# import PYTHON SCRIPT ARGUMENT...: sets status, output and errors.
import() {
  local interpreter=$1 script=$2
  shift 2
  status=0
  (cd "$sandbox" && "$interpreter" "$project_root/scripts/$script" "$@") \
    >"$sandbox/output" 2>"$sandbox/errors" </dev/null || status=$?
  output=$(<"$sandbox/output") errors=$(<"$sandbox/errors")
}

make_runs() { rm -rf "$runs"; in_python "$wandb_python" <<<'import made_runs; made_runs.make_all()'; }

# explains_errors PYTHON SCRIPT OTHER_PYTHON: OTHER_PYTHON has not the package.
explains_errors() {
  import "$1" "$2" "$sandbox/none"
  expect_status 1
  expect_says "$sandbox/none: there is no such folder"
  import "$1" "$2" "$runs/corpora"
  expect_status 1
  expect_says "corpora: holds no runs"
  import "$3" "$2" "$runs"
  expect_status 1
  expect_says "python3 -m pip install -r scripts/requirements/${2#import_}.txt"
  import "$1" "$2"
  expect_status 2

  # A run that cannot be read does not keep the others out.
  local damaged=("$runs"/rms.s1.*)
  echo '{"hash": "aaaaaaaaaaaaaaaa", "la' >"${damaged[0]}/config.json"
  echo nonsense >>"$(echo "$runs"/rms.s2.*)/metrics.jsonl"
  import "$1" "$2" "$runs" --store damaged
  expect_status 1
  expect_says "config.json: damaged"
  expect_says "metrics.jsonl:3: this is no line of a run's log"
  expect_says "3 runs: 1 imported, 2 failed"
  [[ $errors != *Traceback* ]] || report_failure "a traceback"
  make_runs
}

into_mlflow() {
  make_runs
  explains_errors "$mlflow_python" import_mlflow "$wandb_python"
  import "$mlflow_python" import_mlflow runs --store stored --experiment "Some norms"
  expect_status 0
  expect_says "3 runs: 3 imported"
  cat >"$sandbox/mlflow_check.py" <<'EOF'
import logging, re
from made_runs import *
from mlflow.tracking import MlflowClient

logging.getLogger("alembic").setLevel(logging.WARNING)
client = MlflowClient(tracking_uri=f"sqlite:///{RUNS.parent}/stored/mlflow.db")
experiment = client.get_experiment_by_name("Some norms").experiment_id
STATUS = {FINISHED: "FINISHED", DIVERGED: "FAILED", UNFINISHED: "RUNNING"}

def runs():
    found = {run.data.tags["hash"]: run for run in client.search_runs([experiment])}
    assert len(found) == len(client.search_runs([experiment])), "a run is there twice"
    return found

def allowed(name):
    return re.sub(r"[^\w/]", "_", name)

def check_run(run, folder, curves, figures, status):
    check(folder, run.info.status, status)
    check(folder, run.data.params["model.norm.kind"], "rms_norm")
    check(folder, run.data.params["model.vocabulary"], "null")
    check(folder, run.data.params["evaluation.metrics"], '["chrf++"]')
    tags = run.data.tags
    check(folder, [tags[name] for name in ("label", "seed", "device", "threads", "mlflow.runName")],
          ["RMS + “pre”", folder.name.split(".")[1][1:], "cpu", "2", f"RMS + “pre”, seed {tags['seed']}"])
    found = {}
    times = {}
    for name in run.data.metrics:
        for item in client.get_metric_history(run.info.run_id, name):
            key = (name, item.step)
            assert key not in found, f"{folder}: {key} twice"
            found[key], times[key] = item.value, item.timestamp
    wanted = {(name, step): float(value) for step, values in curves.items() for name, value in values.items()}
    wanted |= {(allowed(name), max(curves)): float(value) for name, value in figures.items()}
    check(folder, found, wanted)
    return times
EOF
  in_python "$mlflow_python" <<'EOF'
from mlflow_check import *
stored = runs()
check("runs", set(stored), {"a" * 16, "b" * 16, "c" * 16})
for folder in CURVES:
    times = check_run(stored[folder.name[-16:]], folder, CURVES[folder], FIGURES[folder], STATUS[folder])
    if folder == FINISHED:
        check("time between two steps", times["train/loss", 20] - times["train/loss", 10], 5000)
tags = stored["a" * 16].data.tags
check("tags", [tags[name] for name in ("status", "commit", "decoding_commit", "signature/test/chrf__")],
      ["finished", "0123456789ab+", "0123456789ab", "nrefs:1|nw:2"])
check("artifacts", client.list_artifacts(stored["a" * 16].info.run_id), [])
(RUNS.parent / "identifiers").write_text("".join(stored[c * 16].info.run_id + "\n" for c in "abc"))
EOF

  import "$mlflow_python" import_mlflow runs --store stored --experiment "Some norms"
  expect_status 0
  expect_says "3 runs: 3 unchanged"
  # One goes on, one was trained anew, one's checkpoints are asked for.
  in_python "$mlflow_python" <<'EOF'
from made_runs import *
write(UNFINISHED, LOG, result("finished", {"d1": DECODING}))
write(DIVERGED, logged(10, 8.0), result("diverged", {}))
EOF
  import "$mlflow_python" import_mlflow "$runs"/rms.s2.* "$runs"/rms.s3.* --store stored --experiment "Some norms"
  expect_says "2 runs: 1 imported anew, 1 brought up to date"
  import "$mlflow_python" import_mlflow "$runs"/rms.s1.* --store stored --experiment "Some norms" --checkpoints
  expect_says "1 run: 1 brought up to date"
  import "$mlflow_python" import_mlflow runs --store stored --experiment "Some norms"
  expect_says "3 runs: 3 unchanged"
  in_python "$mlflow_python" <<'EOF'
from mlflow_check import *
stored = runs()
check("runs", set(stored), {"a" * 16, "b" * 16, "c" * 16})
ours = {name: value for name, value in FIGURES[FINISHED].items() if "/d2/" not in name}
check_run(stored["c" * 16], UNFINISHED, CURVES[FINISHED], ours, "FINISHED")
check_run(stored["b" * 16], DIVERGED, {10: CURVES[DIVERGED][10] | {"train/loss": 8}}, FIGURES[DIVERGED], "FAILED")
check_run(stored["a" * 16], FINISHED, CURVES[FINISHED], FIGURES[FINISHED], "FINISHED")
before = (RUNS.parent / "identifiers").read_text().split()
check("same runs", [stored[c * 16].info.run_id == old for c, old in zip("abc", before)], [True, False, True])
check("artifacts", sorted(item.path for item in client.list_artifacts(before[0], "model")),
      ["model/config.json", "model/step_00000020.safetensors", "model/tokenizer.model"])
EOF
}

into_wandb() {
  make_runs
  explains_errors "$wandb_python" import_wandb "$mlflow_python"
  import "$wandb_python" import_wandb runs --store stored --project norms
  expect_status 0
  expect_says "3 runs: 3 imported"
  # The records of a run lie in blocks of 32 KiB: checksum, length, and whether it is a whole record, its first part, a
  # middle one or the last.
  cat >"$sandbox/wandb_check.py" <<'EOF'
import struct
from made_runs import *
from wandb.proto.wandb_internal_pb2 import Record

STORED = RUNS.parent / "stored" / "wandb"

def records(digit):
    files = list(STORED.glob(f"offline-run-*-{digit * 16}/run-{digit * 16}.wandb"))
    assert len(files) == 1, files
    data, at, parts = files[0].read_bytes(), 7, b""
    assert data[:4] == b":W&B"
    while at + 7 <= len(data):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
            continue
        _, length, kind = struct.unpack("<IHB", data[at:at + 7])
        parts += data[at + 7:at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            yield Record.FromString(parts)
            parts = b""

def check_run(digit, folder, curves, figures, exit_code):
    history, summary, times = {}, {}, {}
    for record in records(digit):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run = record.run
        elif kind == "history":
            row = {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item}
            times[record.history.step.num] = row["_timestamp"]
            history |= {(name, record.history.step.num): float(value) for name, value in row.items() if name[0] != "_"}
        elif kind == "summary":
            summary |= {item.key: json.loads(item.value_json) for item in record.summary.update
                        if item.key.startswith("final/")}
        elif kind == "exit":
            check(folder, record.exit.exit_code, exit_code)
    config = {item.key: json.loads(item.value_json) for item in run.config.update}
    check(folder, history, {(name, step): float(value) for step, values in curves.items()
                            for name, value in values.items()})
    check(folder, summary, figures)
    check(folder, (run.run_id, run.project, run.run_group), (digit * 16, "norms", "RMS + “pre”"))
    check(folder, {name: config[name] for name in CONFIG} == CONFIG, True)
    check(folder, config["ablate"]["device"], "cpu")
    if 20 in times:
        check(folder, times[20] - times[10], 5.0)
    return run, config["ablate"]
EOF
  in_python "$wandb_python" <<'EOF'
from wandb_check import *
for digit, folder in zip("abc", CURVES):
    run, facts = check_run(digit, folder, CURVES[folder], FIGURES[folder], 0 if digit == "a" else 1)
    if digit == "a":
        check("tags", list(run.tags), ["RMS + “pre”", "seed 1", "a" * 16, "0123456789ab+", "finished"])
        check("facts", facts["signature/test/chrf++"], "nrefs:1|nw:2")
        assert not any(record.WhichOneof("record_type") == "artifact" for record in records("a"))
EOF

  import "$wandb_python" import_wandb runs --store stored --project norms
  expect_says "3 runs: 3 unchanged"
  in_python "$wandb_python" <<'EOF'
from wandb_check import *
write(UNFINISHED, LOG, result("finished", {"d1": DECODING, "d2": OTHER}))
# As `wandb sync` marks what it has sent.
file = next(STORED.glob("offline-run-*-" + "c" * 16 + "/run-*.wandb"))
file.with_name(file.name + ".synced").touch()
EOF
  import "$wandb_python" import_wandb runs --store stored --project norms
  expect_says "2 unchanged, 1 imported anew (W&B has an older one"
  import "$wandb_python" import_wandb "$runs"/rms.s1.* --store stored --project norms --checkpoints
  expect_says "1 run: 1 imported anew"
  expect_silent_on "W&B has an older one"
  in_python "$wandb_python" <<'EOF'
from wandb_check import *
check_run("c", UNFINISHED, CURVES[FINISHED], FIGURES[FINISHED], 0)
check_run("a", FINISHED, CURVES[FINISHED], FIGURES[FINISHED], 0)
artifacts = [record.artifact for record in records("a") if record.WhichOneof("record_type") == "artifact"]
check("artifacts", [sorted(file.path for file in artifact.manifest.contents) for artifact in artifacts],
      [["config.json", "step_00000020.safetensors", "tokenizer.model"]])
check("where they lie", {Path(file.local_path).parent for file in artifacts[0].manifest.contents}, {FINISHED.resolve()})
EOF
}

into_mlflow
into_wandb
finish
