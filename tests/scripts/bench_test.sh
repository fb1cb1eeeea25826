#!/bin/bash
# scripts/bench without its peers: its help, its figures of the plain formulas, and our worker on a small piece of each
# kind of work.
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
while IFS= read -r work; do
  if ! echo 2 | "$worker" "$work" >"$sandbox/answer" 2>"$sandbox/log"; then
    report_failure "the worker failed: $work $(<"$sandbox/log")"
  elif ! python3 -c 'import json, sys; assert len(json.loads(sys.stdin.readlines()[1])) == 2' <"$sandbox/answer"; then
    report_failure "the worker answered $(<"$sandbox/answer") to $work"
  fi
done <"$sandbox/works"
[[ $(wc -l <"$sandbox/works") -ge 14 ]] || report_failure "works are missing"

# The table and the record of a row.
python3 - >"$sandbox/table" <<'EOF'
from benchmark.table import Row, print_table
from benchmark.works import WORKS
row = Row(WORKS["tiny"], "fp32", "fairseq", [1.0, 3.0, 2.0], [4.0, 4.0, 4.0], 100, 200, 66e9)
assert row.record()["ratio"] == 2 and set(row.record()) >= {"work", "precision", "peer", "ours", "theirs", "ratio"}
print_table([row])
EOF
grep -q '| tiny | fp32 *| fairseq | *2.00 | *1.33 to 4.00 |' "$sandbox/table" || report_failure "table: $(<"$sandbox/table")"

# How cost grows: the exponent between the last two points, and the axes of the figure.
python3 - <<'EOF' || report_failure "growth"
from benchmark import growth
assert abs(growth.order([1, 2, 4], [5, 8, 32]) - 2) < 1e-12
assert [axis.name for axis in growth.axes()] == ["length", "width", "decode"]
assert [value for value, _ in growth.axes()[0].points] == [512, 1024, 2048, 4096, 8192]
assert all(work.tokens > 0 for axis in growth.axes() for _, work in axis.points)
EOF

finish
