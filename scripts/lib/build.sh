# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with the scripts that source this file
# Configures and builds through the presets of CMakePresets.json, in plain sentences.

# build_folder PRESET
build_folder() {
  if [[ $1 == release ]]; then echo "$root/build"; else echo "$root/build-$1"; fi
}

# As many compilers at once as there are cores, and memory at about 2 GB each; ABLATE_JOBS overrules.
build_jobs() {
  local cores memory_gb
  cores=$(nproc)
  memory_gb=$(awk '/^MemAvailable/ { print int($2 / 2000000) }' /proc/meminfo 2>/dev/null || echo "$cores")
  echo "${ABLATE_JOBS:-$((memory_gb < 1 ? 1 : memory_gb < cores ? memory_gb : cores))}"
}

explain_configure() {
  if grep -qE 'nvcc|CMAKE_CUDA_COMPILER|uses CUDA but' "$1"; then
    printf 'This LibTorch is a CUDA build, whose CMake files need the CUDA toolkit. Install it and put nvcc on PATH; '
    printf 'or take a CPU build: unset Torch_DIR and CMAKE_PREFIX_PATH, remove .venv, and run scripts/setup again, '
    printf 'with ABLATE_PIP_INDEX=<address> where pip has no CPU builds.'
  elif grep -qE 'Could not find a package configuration file provided by|Could NOT find|NOTFOUND' "$1"; then
    printf 'cmake did not find a library: scripts/setup installs what is missing.'
  else
    printf 'cmake could not configure the build: the lines above say why.'
  fi
}

explain_build() {
  if looks_full "$1"; then
    printf 'The disk is full: make room for about 2 GB and run the script again.'
  elif grep -qE 'Killed signal|virtual memory exhausted|cannot allocate memory' "$1"; then
    printf 'The compiler ran out of memory: run the script again with ABLATE_JOBS=1.'
  else
    printf 'The build failed: the lines above say why.'
  fi
}

# cached FOLDER NAME: prints what the build folder's cache holds under the name.
cached() { sed -n "s/^$2:[A-Z]*=//p" "$1/CMakeCache.txt"; }

# Why what was built in folder $1 cannot be used; nothing where it can.
build_objection() {
  if [[ $(cached "$1" CMAKE_HOME_DIRECTORY) != "$root" ]]; then
    printf 'it was configured for another folder'
  elif [[ -f $1/setup.env ]]; then
    [[ $(grep '^export ' "$1/setup.env") == "$(grep '^export ' "$setup_env")" ]] ||
      printf 'it was configured with another LibTorch, compiler or CMAKE_PREFIX_PATH'
  elif [[ ! $(cached "$1" Torch_DIR) -ef $Torch_DIR ]]; then
    printf 'it was configured with another LibTorch'
  fi
}

configure() {
  local preset=$1 folder objection options
  folder=$(build_folder "$preset")
  # What an older configuration remembers of another LibTorch or compiler would win over the new one.
  if [[ -f $folder/build.ninja && -f $folder/CMakeCache.txt ]]; then
    objection=$(build_objection "$folder")
    [[ -z $objection ]] || say "Building anew in ${folder##*/}/: $objection."
  else
    objection="it was never configured to the end"
  fi
  if [[ -n $objection ]]; then
    rm -rf "$folder/CMakeCache.txt" "$folder/CMakeFiles" "$folder/build.ninja" "$folder/setup.env"
  fi
  read -ra options <<<"${ABLATE_CMAKE_OPTIONS:-}"
  if [[ ! -f $folder/build.ninja || $root/CMakePresets.json -nt $folder/build.ninja || ${#options[@]} -gt 0 ]]; then
    require_space "$root" 2 "the build"
    say "Configuring the $preset build in ${folder##*/}/."
    mkdir -p "$folder"
    (cd "$root" && run_logged "$folder/configure.log" explain_configure cmake --preset "$preset" "${options[@]}")
  fi
  cp "$setup_env" "$folder/setup.env"
}

# build PRESET [TARGET...]: everything where no target is named. On a terminal ninja shows its progress.
build() {
  local preset=$1 folder command
  shift
  folder=$(build_folder "$preset")
  configure "$preset"
  command=(cmake --build "$folder" --parallel "$(build_jobs)")
  [[ $# -eq 0 ]] || command+=(--target "$@")
  say "Building ${*:-everything} ($preset)."
  if [[ -t 2 ]]; then
    "${command[@]}" >&2 || fail "the build failed: the lines above say why (out of memory? ABLATE_JOBS=1 helps)."
  else
    run_logged "$folder/build.log" explain_build "${command[@]}"
  fi
}
