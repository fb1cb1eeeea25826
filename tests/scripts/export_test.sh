#!/bin/bash
# `ablate export`, loaded by the Python library transformers: the same logits as the golden files have. Needs a Python
# with torch, transformers and safetensors, named by ABLATE_TRANSFORMERS_PYTHON; without one there is nothing to test.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

python=${ABLATE_TRANSFORMERS_PYTHON:-python3}
if ! "$python" -c 'import torch, safetensors, transformers; assert transformers.__version__ == "5.24.0"' 2>/dev/null; then
  echo "skipped: $python has no transformers 5.24.0"
  exit 0
fi
ablate=${ABLATE_TEST_BUILD:-$project_root/build}/ablate
sandbox=$(mktemp -d)
cd "$project_root"

for golden in tests/golden/hugging_face/*.safetensors.gz; do
  name=$(basename "$golden" .safetensors.gz)
  "$python" scripts/reference/hugging_face.py --unpack "$golden" "$sandbox/$name"
  "$ablate" import "$sandbox/$name" --out "$sandbox/$name.run"
  "$ablate" export "$sandbox/$name.run" --out "$sandbox/$name.exported"
  "$python" scripts/reference/hugging_face.py --check-export "$sandbox/$name.exported" "$golden"
done
