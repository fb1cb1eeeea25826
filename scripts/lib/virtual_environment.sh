# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with the scripts that source this file
# Makes .venv with the pinned CPU build of torch, which holds LibTorch, its headers and its CMake files.

requirements=$root/scripts/requirements.txt
pinned_torch=$(grep -m1 '^torch' "$requirements")
# PyPI's build for Linux on x86 is the CUDA build, so PyTorch's own index of CPU builds is the usual source.
cpu_index=https://download.pytorch.org/whl/cpu

venv_pip() { "$venv/bin/python" -m pip "$@"; }

explain_venv() {
  if looks_full "$1"; then
    printf 'The disk is full: make room for about 4 GB and run the script again.'
  else
    printf 'Python could not make the virtual environment .venv: the lines above say why.'
  fi
}

explain_pip() {
  if looks_full "$1"; then
    printf 'The disk is full: make room for about 4 GB and run the script again.'
  elif looks_offline "$1"; then
    printf "No network: pip's package index could not be reached. Check the connection or the proxy and run the "
    printf 'script again, name an index within reach by ABLATE_PIP_INDEX=<address>, or name a LibTorch that is '
    printf 'already here by Torch_DIR=<libtorch>/share/cmake/Torch.'
  elif grep -qiE 'certificate' "$1"; then
    printf "pip does not trust the index's certificate: behind a company proxy, name its certificate by PIP_CERT=<file>."
  elif grep -qiE 'no matching distribution|could not find a version' "$1"; then
    printf 'The package index has no %s for Python %s on %s. ' "$pinned_torch" \
      "$("$venv/bin/python" -c 'import platform; print(platform.python_version())')" "$(uname -m)"
    printf 'Name another index by ABLATE_PIP_INDEX=<address>, or another Python by putting it first on PATH.'
  else
    printf 'pip could not install torch: the lines above say why.'
  fi
}

# True where this machine's pip is told where packages come from.
pip_has_sources() {
  local settings
  settings=$(venv_pip config list 2>/dev/null) || return 1
  grep -qE '(find-links|index-url)=' <<<"$settings"
}

# True where pip's own sources give a torch that is not the CUDA build. What pip has to download to find that out (with
# most indexes only descriptions) goes with .venv/tmp.
configured_sources_have_cpu_torch() {
  local report=$venv/tmp/report.json output=$venv/tmp/dry_run.txt
  if ! venv_pip install --dry-run --quiet --no-cache-dir --report "$report" -r "$requirements" >"$output" 2>&1; then
    cat "$output" >>"$setup_log"
    # An old pip cannot say beforehand: trust its sources, the result is checked after the installation.
    grep -q 'no such option' "$output"
    return
  fi
  ! grep -qE '"name": "(nvidia-|cuda-|triton)' "$report"
}

# Sets index_options and index_name.
choose_index() {
  if [[ -n ${ABLATE_PIP_INDEX:-} ]]; then
    index_options=(--index-url "$ABLATE_PIP_INDEX") index_name="$ABLATE_PIP_INDEX (ABLATE_PIP_INDEX)"
  elif pip_has_sources && configured_sources_have_cpu_torch; then
    index_options=() index_name="the sources in this machine's pip configuration"
  else
    index_options=(--index-url "$cpu_index") index_name="$cpu_index"
  fi
}

make_virtual_environment() {
  local python
  require_space "$root" 4 "LibTorch and the build"
  say "Making the Python environment .venv in the project's folder."
  if [[ $dry_run == yes ]]; then
    say "Installing $pinned_torch into it, from ${ABLATE_PIP_INDEX:-"pip's configured sources or $cpu_index"}."
    return
  fi
  python=$(find_python) || fail "no Python that can make a virtual environment. Install python3-venv."
  run_logged "$setup_log" explain_venv "$python" -m venv --clear "$venv"
  # Temporary files stay in the project's folder; /tmp is small on some machines.
  mkdir -p "$venv/tmp"
  export TMPDIR=$venv/tmp
  choose_index
  say "Installing $pinned_torch into .venv, about 200 MB from $index_name."
  run_logged "$setup_log" explain_pip "$venv/bin/python" -m pip install --no-cache-dir --disable-pip-version-check \
    "${index_options[@]}" -r "$requirements"
  rm -rf "$venv/tmp"
  take_installed_torch
}

take_installed_torch() {
  local found objection
  found=$(torch_config_of_python "$venv/bin/python") ||
    fail "pip installed torch, but $venv has no TorchConfig.cmake. Remove .venv and run the script again."
  objection=$(torch_objection "$found")
  [[ -z $objection ]] ||
    fail "the torch that came from $index_name cannot be used: $objection. Remove .venv and name an index of CPU" \
      "builds by ABLATE_PIP_INDEX=<address>, or install the CUDA toolkit and put nvcc on PATH."
  torch_dir=$found torch_origin="the project's .venv"
}
