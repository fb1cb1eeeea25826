#!/bin/bash
# The tables that `ablate table --format latex` prints compile with booktabs and nothing else, whatever characters stand
# in their texts, and so does their list of tables. Needs pdflatex; where it is missing, that is said, and it is a
# failure where CI=true.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

output="" errors=""
ablate=${ABLATE_TEST_BUILD:-$project_root/build}/ablate
if ! command -v pdflatex >/dev/null || ! kpsewhich booktabs.sty >/dev/null; then
  [[ ${CI:-} != true ]] || report_failure "pdflatex with booktabs is not installed (Debian: texlive-latex-recommended)"
  echo "$0: pdflatex with booktabs is not installed: no table was compiled." >&2
  finish
  exit
fi

sandbox=$(mktemp -d)
# Fonts that TeX makes, and nothing that it remembers from other documents.
export HOME=$sandbox TEXMFVAR=$sandbox/texmf-var TEXMFCONFIG=$sandbox/texmf-config
unset TEXINPUTS
cd "$sandbox"

# Every character that TeX or a table in it reads as something else, letters with accents, and what no font of TeX has.
nasty='[*] a_b & 50% #1 {x} $5 ~^\ é ệ Łódź ± ≥ λ | < > "q" --x 中 🙂'
python3 - "$nasty" >experiment.json <<'EOF_PYTHON'
import json, sys
nasty = sys.argv[1]
json.dump({
    "title": nasty + " title", "seeds": [1, 2],
    "model": {"d_model": 16, "max_length": 16, "attention": {"heads": 2}, "feed_forward": {"d_ff": 32},
              "residual": {"kind": "pre_norm"}, "encoder": {"layers": 1}, "decoder": {"layers": 1}},
    "data": {"kind": "task", "task": {"kind": "copy", "train": 200, "dev": 20, "test": 20, "min_length": 3,
                                      "max_length": 6, "vocabulary": 8}},
    "training": {"batch": {"tokens": 64}, "schedule": {"kind": "constant", "learning_rate": 2e-3, "warmup": 10},
                 "budget": {"steps": 10}, "evaluate_every": {"steps": 10}},
    "decoding": {"kind": "greedy", "max_length_constant": 2},
    "evaluation": {"metrics": ["exact_match", "bleu:tokenize=none"]},
    "table": {"metrics": ["exact_match@test", "bleu:tokenize=none@test", "nll@dev", "perplexity@test"],
              "caption": nasty + " caption", "significance": {"kind": "welch", "level": 0.9999},
              "settings": [{"path": "model.position.kind", "heading": nasty}, {"path": "training.schedule.warmup"}]},
    "rows": [
        {"name": nasty, "paper": {"exact_match": 25.8, nasty: nasty}},
        {"name": nasty + " 2", "group": nasty + " group", "set": {"model.position.kind": "rotary"}},
        {"name": "gone astray", "group": "rates_of & 1e30", "set": {"training.schedule.learning_rate": 1e30}},
    ],
}, sys.stdout)
EOF_PYTHON
if ! "$ablate" run experiment.json --device cpu --threads 1 >table.md 2>run.log; then
  report_failure "the experiment was not run: $(<run.log)"
fi
"$ablate" table experiment.json --format latex >table.tex 2>table.log || report_failure "no table: $(<table.log)"
LC_ALL=C grep -q '[^ -~]' table.tex && report_failure "the table is not in ASCII"
for part in 'diverged' '\^{\\dagger}' 'cmidrule' '\\emph' 'minipage'; do
  grep -q "$part" table.tex || report_failure "the table has no '$part', which was to be compiled: $(<table.tex)"
done

cat >document.tex <<'EOF'
\documentclass{article}
\usepackage{booktabs}
\begin{document}
\listoftables
\input{table}
\end{document}
EOF
# Twice, for the list of tables is what the first run wrote down.
for _ in 1 2; do
  pdflatex -interaction=nonstopmode -halt-on-error document.tex >pdflatex.log 2>&1 ||
    report_failure "pdflatex: $(grep -A 5 '^!' pdflatex.log) in $(<table.tex)"
done
[[ -s document.pdf ]] || report_failure "pdflatex made no document"
! grep 'Missing character' document.log || report_failure "characters are missing from the document"
grep -q 'title' document.lot || report_failure "the list of tables is empty"
finish
