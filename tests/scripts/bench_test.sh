#!/bin/bash
# scripts/bench without the peers that it installs: its help, its figures of the plain formulas, our worker on a small
# piece of each kind of work, and language models beside the peer that needs nothing but torch.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

sandbox=$(mktemp -d)
worker=${ABLATE_TEST_BUILD:-$project_root/build}/ablate_bench
export PYTHONPATH=$project_root/scripts PYTHONDONTWRITEBYTECODE=1
output="" errors=""

"$project_root/scripts/bench" --help >"$sandbox/help"
grep -q -- '--only' "$sandbox/help" || report_failure "scripts/bench --help does not name --only"

# The operations of a step as the README tells them.
python3 - >"$sandbox/flops" <<'EOF'
from benchmark.works import WORKS
for name in ("tiny", "iwslt", "base"):
    print(name, round(WORKS[name].flops / 1e9))
EOF
[[ $(<"$sandbox/flops") == $'tiny 66\niwslt 457\nbase 611' ]] || report_failure "FLOPs: $(<"$sandbox/flops")"

# The same of language models, and the megabytes that generation reads.
python3 - >"$sandbox/costs" <<'EOF'
from benchmark.language_works import LANGUAGE_WORKS
for name, work in LANGUAGE_WORKS.items():
    print(name, round(work.flops / 1e9), round(work.bytes_read / 1e6))
EOF
[[ $(<"$sandbox/costs") == "lm_tiny 54 0
lm_gpt2 773 0
generate_tiny_1 0 1028
generate_tiny_16 0 1518
generate_gpt2_1 0 59941
generate_gpt2_16 0 68759" ]] || report_failure "costs: $(<"$sandbox/costs")"

# Threads are shared out evenly, from one run that has them all to a run for each.
python3 -c '
from benchmark.jobs import ways_for
assert [(way.jobs, way.threads) for way in ways_for(4)] == [(1, 4), (2, 2), (4, 1)]' ||
  report_failure "the shares of --jobs"

# descriptions: every work, made small.
python3 - >"$sandbox/works" <<'EOF'
import json
from benchmark.works import WORKS
for work in WORKS.values():
    if work.kind == "start":
        continue
    small = work.description("fp32", 2) | {"batch": 2, "length": 6, "source": 5, "vocabulary": 50}
    small["model"] |= {"d_model": 16, "feed_forward": {"d_ff": 16}, "encoder": {"layers": 1}, "decoder": {"layers": 1}}
    print(json.dumps(small))
EOF
echo '{"kind": "gemm", "size": 32, "precision": "fp32", "threads": 1, "library": "libtorch"}' >>"$sandbox/works"
echo '{"kind": "gemm", "size": 32, "precision": "fp32", "threads": 1, "library": "onednn"}' >>"$sandbox/works"
for how in sum product copy; do
  echo "{\"kind\": \"memory\", \"how\": \"$how\", \"bytes\": 65536, \"threads\": 1}" >>"$sandbox/works"
done
while IFS= read -r work; do
  if ! echo 2 | "$worker" "$work" >"$sandbox/answer" 2>"$sandbox/log"; then
    report_failure "the worker failed: $work $(<"$sandbox/log")"
  elif ! python3 -c 'import json, sys; assert len(json.loads(sys.stdin.readlines()[1])) == 2' <"$sandbox/answer"; then
    report_failure "the worker answered $(<"$sandbox/answer") to $work"
  fi
done <"$sandbox/works"
[[ $(wc -l <"$sandbox/works") -ge 17 ]] || report_failure "works are missing"

# python_with_torch: prints a Python that has torch; scripts/setup's own has it, unless LibTorch came from elsewhere.
python_with_torch() {
  local python
  for python in "$project_root/.venv/bin/python" python3; do
    if "$python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)' 2>/dev/null; then
      echo "$python"
      return
    fi
  done
  return 1
}

# Language models made small: weights and text are written, our worker learns from them and goes on with them, and so
# does the peer, which has to find the same.
if python=$(python_with_torch); then
  has_torch=yes
else
  python=python3 has_torch=no
  echo "$0: no Python has torch: the peer torch_gpt is not compared." >&2
fi
"$python" - "$worker" "$has_torch" >"$sandbox/log" 2>&1 <<'EOF' || report_failure "language models: $(<"$sandbox/log")"
import dataclasses
import sys
import tempfile

from benchmark import language_models, workers
from benchmark.language_works import LANGUAGE_WORKS, TextShape

binary, has_torch = sys.argv[1], sys.argv[2] == "yes"
for name in ("lm_tiny", "generate_tiny_1", "generate_tiny_16"):
    work = LANGUAGE_WORKS[name]
    small = dataclasses.replace(work, shape=TextShape(16, 2, 2, 50), batch=min(work.batch, 3), length=6,
                                new_tokens=min(work.new_tokens, 5))
    for precision in work.precisions:
        with tempfile.TemporaryDirectory() as folder:
            description = small.description(precision, 1) | {"folder": folder}
            language_models.publish(binary, description)
            with workers.ours(binary, description) as mine:
                assert len(mine.run(2)) == 2
                check = mine.ready["check"]
                if work.trains:
                    assert 2 < check["loss"] < 8, check  # log 50 is 3.9
                else:
                    assert [len(tokens) for tokens in check["tokens"]] == small.batch * [5], check
                if not has_torch or precision == "bf16" or name == "generate_tiny_1":
                    continue
                with workers.peer("torch_gpt", description) as other:
                    language_models.compare(check, other.ready["check"])
                    assert [len(times) for times in workers.in_turn([mine, other], 1, 2)] == [2, 2]
EOF

# What is not the same is not timed.
python3 - <<'EOF' || report_failure "the comparison of language models"
from benchmark import language_models, workers
language_models.compare({"loss": 1.0}, {"loss": 1.000001})
language_models.compare({"tokens": [[1, 2, 3], [1, 2, 3]]}, {"tokens": [[1, 2, 3], [9, 9, 9]]})
for mine, theirs in (({"loss": 1.0}, {"loss": 1.001}), ({"loss": 1.0}, {"loss": float("nan")}),
                     ({"tokens": [[1, 2, 3]]}, {"tokens": [[1, 9, 3]]}), ({"tokens": [[1, 2]]}, {"tokens": [[1]]})):
    try:
        language_models.compare(mine, theirs)
    except workers.WorkerError:
        continue
    raise AssertionError(f"{mine} passes for {theirs}")
EOF

# The table and the record of a row.
python3 - >"$sandbox/table" <<'EOF'
from benchmark.table import Row, print_table
from benchmark.works import WORKS
row = Row(WORKS["tiny"], "fp32", "fairseq", [1.0, 3.0, 2.0], [4.0, 4.0, 4.0], 100, 200, 66e9)
assert row.record()["ratio"] == 2 and set(row.record()) >= {"work", "precision", "peer", "ours", "theirs", "ratio"}
print_table([row])
EOF
grep -q '| tiny | fp32 *| fairseq | *2.00 | *1.33 to 4.00 |' "$sandbox/table" || report_failure "table: $(<"$sandbox/table")"

# Rows of language models: what is wanted, and what met it.
python3 - >"$sandbox/table" <<'EOF'
from benchmark.language_models import LanguageRow, print_language_table
from benchmark.language_works import LANGUAGE_WORKS
train, generate = LANGUAGE_WORKS["lm_tiny"], LANGUAGE_WORKS["generate_gpt2_1"]
rows = [LanguageRow(train, "fp32", "torch_gpt", [1.0], [1.4], 100, 200, 80e9),
        LanguageRow(train, "fp32", "torch_gpt", [1.0], [1.2], 100, 200, 80e9),
        LanguageRow(train, "fp32", "torch_gpt", [1.0], [1.2], 100, 200, 60e9),
        LanguageRow(train, "bf16", "torch_gpt in fp32", [1.0], [1.6], 100, 200, 60e9),
        LanguageRow(generate, "fp32", "hugging_face", [6.0], [9.0], 100, 200, 10e9)]
print_language_table(rows)
assert train.their_precisions("bf16") == ("fp32", "bf16") and generate.their_precisions("fp32") == ("fp32",)
assert rows[0].record()["gemm_peak_flops"] == 80e9 and rows[4].record()["memory_bandwidth"] == 10e9
EOF
[[ $(sed '1,2d; s/.*| *1\./1./; s/ |$//; s/  */ /g' "$sandbox/table") == "1.3 or 80 % | met by the ratio
1.3 or 80 % | missed
1.3 or 80 % | met by the share of GEMM peak
1.7 | missed
1.5 or 80 % | met by the ratio and the share of memory bandwidth" ]] || report_failure "table: $(<"$sandbox/table")"

# How cost grows: the exponent between the last two points, and the axes of the figure.
python3 - <<'EOF' || report_failure "growth"
from benchmark import growth
assert abs(growth.order([1, 2, 4], [5, 8, 32]) - 2) < 1e-12
assert [axis.name for axis in growth.axes()] == ["length", "width", "decode"]
assert [value for value, _ in growth.axes()[0].points] == [512, 1024, 2048, 4096, 8192]
assert all(work.tokens > 0 for axis in growth.axes() for _, work in axis.points)
EOF

finish
