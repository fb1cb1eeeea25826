# shellcheck shell=bash
# shellcheck disable=SC2154 # variables are shared with the scripts that source this file
# Fetches the library that draws the charts of `ablate report` (Plotly.js, MIT licence) out of its Python package: a
# report holds all of it, so that whoever reads one needs no network.

charts_package=plotly==6.3.0
charts=$root/.charts/plotly.min.js
charts_in_package=plotly/package_data/plotly.min.js

# Prints a Python that has pip.
python_with_pip() {
  local python
  for python in "$venv/bin/python" python3; do
    if "$python" -m pip --version >/dev/null 2>&1; then
      printf '%s\n' "$python"
      return
    fi
  done
  return 1
}

# Prints the library where a conda environment has it.
charts_of_conda() {
  local file
  for file in "${CONDA_PREFIX:-/nowhere}"/lib/python3*/site-packages/"$charts_in_package"; do
    [[ -f $file ]] && printf '%s\n' "$file" && return
  done
  return 1
}

download_charts() {
  local python folder=${charts%/*}
  python=$(python_with_pip) || return 1
  "$python" -m pip download --disable-pip-version-check --no-cache-dir --no-deps --only-binary :all: \
    --dest "$folder/wheel" "$charts_package" >>"$setup_log" 2>&1 || return 1
  "$python" - "$folder" "$charts_in_package" >>"$setup_log" 2>&1 <<'PYTHON'
import pathlib, sys, zipfile
folder = pathlib.Path(sys.argv[1])
(wheel,) = (folder / "wheel").glob("*.whl")
text = zipfile.ZipFile(wheel).read(sys.argv[2])
(folder / "plotly.min.js.new").write_bytes(text)
PYTHON
}

# Nothing else needs it: without a network everything but `ablate report` works.
fetch_charts() {
  local file folder=${charts%/*}
  [[ ! -s $charts ]] || return 0
  say "Fetching the chart library of reports ($charts_package) into .charts."
  [[ $dry_run == no ]] || return 0
  mkdir -p "$folder"
  if file=$(charts_of_conda); then
    cp "$file" "$charts.new"
  elif ! download_charts || [[ ! -s $charts.new ]]; then
    rm -rf "$folder"
    say "Going on without it: 'ablate report' cannot write pages until scripts/setup was run with a network."
    return 0
  fi
  mv "$charts.new" "$charts"
  rm -rf "$folder/wheel"
}
