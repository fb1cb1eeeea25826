# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with the scripts that source this file
# Finds a LibTorch that is already there. Looks at files only: importing torch takes seconds.

minimum_torch=2.11
venv=$root/.venv
torch_dir=""     # the folder of TorchConfig.cmake
torch_origin=""  # where it was found, in words
torch_from_conda=no

torch_version() {
  sed -n 's/^set(PACKAGE_VERSION "\([^"]*\)").*/\1/p' "$1/TorchConfigVersion.cmake" 2>/dev/null
}

# Prints the folder of TorchConfig.cmake below a LibTorch, a prefix, or torch.utils.cmake_prefix_path.
torch_config_below() {
  local below
  for below in . share/cmake/Torch lib/cmake/Torch Torch; do
    if [[ -f $1/$below/TorchConfig.cmake ]]; then
      (cd "$1/$below" && pwd)
      return
    fi
  done
  return 1
}

# Prints where the Python $1 keeps torch's CMake files.
torch_config_of_python() {
  local package
  package=$("$1" -c 'import importlib.util as u
spec = u.find_spec("torch")
print(spec.submodule_search_locations[0] if spec else "")' 2>/dev/null) || return 1
  [[ -n $package ]] && torch_config_below "$package"
}

# pip writes INSTALLER when all files of a package are in place: without it the installation was cut short.
venv_is_complete() { compgen -G "$venv/lib/python3*/site-packages/torch-*.dist-info/INSTALLER" >/dev/null; }

find_nvcc() {
  local candidate
  for candidate in "${CUDACXX:-}" "$(command -v nvcc)" "${CUDA_HOME:-${CUDA_PATH:-/usr/local/cuda}}/bin/nvcc"; do
    if [[ -x $candidate ]]; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  return 1
}

is_cuda_build() { [[ -e $1/../../../lib/libtorch_cuda.so ]]; }

# Why the LibTorch at $1 cannot be used; nothing where it can.
torch_objection() {
  local version
  version=$(torch_version "$1")
  if ! version_at_least "${version:-0}" "$minimum_torch"; then
    printf 'it is version %s, and %s or newer is needed' "${version:-unknown}" "$minimum_torch"
  elif is_cuda_build "$1" && ! find_nvcc >/dev/null; then
    printf 'it is a CUDA build, whose CMake files need nvcc, and nvcc was not found'
  fi
}

# accept_torch DIR ORIGIN: takes the LibTorch of DIR, or says why not.
accept_torch() {
  local objection
  objection=$(torch_objection "$1")
  if [[ -n $objection ]]; then
    say "Passing over the LibTorch of $2: $objection."
    return 1
  fi
  torch_dir=$1 torch_origin=$2
}

# accept_named_torch DIR ORIGIN CHANGE: the same for one that the user chose: not to use it is an error.
accept_named_torch() {
  local objection
  objection=$(torch_objection "$1")
  if [[ -n $objection ]]; then
    fail "the LibTorch of $2 ($1) cannot be used: $objection. Install what is missing" \
      "(for nvcc: the CUDA toolkit, then put its bin folder on PATH), or $3."
  fi
  torch_dir=$1 torch_origin=$2
}

# Sets torch_dir, torch_origin and torch_from_conda; leaves the former empty where there is no LibTorch yet.
find_torch() {
  local found prefix prefixes
  if [[ -n ${CONDA_PREFIX:-} ]] && found=$(torch_config_below "$CONDA_PREFIX"); then
    accept_named_torch "$found" "the active conda environment $CONDA_PREFIX" \
      "bring the environment up to date with 'conda env update -f environment.yml'"
    torch_from_conda=yes
    return
  fi
  if [[ -n ${Torch_DIR:-} ]]; then
    found=$(torch_config_below "$Torch_DIR") ||
      fail "Torch_DIR names $Torch_DIR, and there is no TorchConfig.cmake in it. Name the folder" \
        "<libtorch>/share/cmake/Torch, or unset Torch_DIR."
    accept_named_torch "$found" "the variable Torch_DIR" "unset Torch_DIR"
    return
  fi
  IFS=':;' read -ra prefixes <<<"${CMAKE_PREFIX_PATH:-}"
  for prefix in "${prefixes[@]}"; do
    if [[ -n $prefix ]] && found=$(torch_config_below "$prefix"); then
      accept_named_torch "$found" "the variable CMAKE_PREFIX_PATH" "take it out of CMAKE_PREFIX_PATH"
      return
    fi
  done
  if venv_is_complete && found=$(torch_config_of_python "$venv/bin/python"); then
    accept_torch "$found" "the project's .venv" && return
  fi
  if command -v python3 >/dev/null && found=$(torch_config_of_python python3); then
    accept_torch "$found" "$(command -v python3)" && return
  fi
  return 0
}
