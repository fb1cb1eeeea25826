# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with the scripts that source this file
# Finds the programs and C++ libraries that the build needs, wherever they come from, and installs the missing ones
# as Debian packages.

minimum_cmake=3.22

# Libraries: header | the same in another version | Debian package
libraries=(
  "sentencepiece_processor.h||libsentencepiece-dev"
  "nlohmann/json.hpp||nlohmann-json3-dev"
  "cxxopts.hpp||libcxxopts-dev"
  "catch2/catch.hpp|catch2/catch_all.hpp|catch2"
  "zlib.h||zlib1g-dev"
  "unicode/normalizer2.h||libicu-dev"
)

# Programs that are missed but not needed: program | Debian packages | what is lost without it
helpers=(
  "ccache|ccache|rebuilds take longer"
  "git|git|results do not name their commit, and the test of that fails"
  "curl|curl ca-certificates|'ablate data get' cannot download, and its tests fail"
)

# Programs that the tests alone use, in the same form.
test_helpers=(
  "pdflatex|texlive-latex-recommended|the tables in LaTeX are not compiled by the tests"
)

required_packages=()  # to be installed before the build can start
helpful_packages=()
lost_without=()       # one phrase for each helper that is missing
missing_helpers=()

# have_header HEADER: in the compiler's usual folders, those of conda, and those that CMAKE_PREFIX_PATH names.
have_header() {
  local folder folders
  IFS=':;' read -ra folders <<<"${CPATH:-}:${CPLUS_INCLUDE_PATH:-}"
  for folder in "${folders[@]}" /usr/include /usr/local/include; do
    [[ -n $folder && -f $folder/$1 ]] && return
  done
  IFS=':;' read -ra folders <<<"${CMAKE_PREFIX_PATH:-}:${CONDA_PREFIX:-}"
  for folder in "${folders[@]}"; do
    [[ -n $folder && -f $folder/include/$1 ]] && return
  done
  return 1
}

have_library() {
  local header=$1 other_header=$2
  have_header "$header" && return
  [[ -n $other_header ]] && have_header "$other_header"
}

have_cmake() {
  command -v cmake >/dev/null &&
    version_at_least "$(cmake --version | sed -n '1s/^cmake version //p')" "$minimum_cmake"
}

have_compiler() {
  local compiler
  for compiler in "${CXX:-}" c++ g++ clang++; do
    [[ -n $compiler ]] && command -v "${compiler%% *}" >/dev/null && return
  done
  return 1
}

# Prints a Python that can make a virtual environment.
find_python() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -c 'import venv, ensurepip' 2>/dev/null; then
      printf '%s\n' "$python"
      return
    fi
  done
  return 1
}

# Sets required_packages and helpful_packages; uses torch_dir, for only a missing LibTorch needs Python.
find_missing_packages() {
  local row rows header other packages program lost
  required_packages=() helpful_packages=() lost_without=() missing_helpers=()
  have_cmake || required_packages+=(cmake)
  have_compiler || required_packages+=(g++)
  command -v ninja >/dev/null || required_packages+=(ninja-build)
  for row in "${libraries[@]}"; do
    IFS='|' read -r header other packages <<<"$row"
    have_library "$header" "$other" || required_packages+=("$packages")
  done
  if [[ -z $torch_dir ]] && ! find_python >/dev/null; then
    required_packages+=(python3-venv ca-certificates)
  fi
  rows=("${helpers[@]}")
  [[ ${for_tests:-no} == no ]] || rows+=("${test_helpers[@]}")
  for row in "${rows[@]}"; do
    IFS='|' read -r program packages lost <<<"$row"
    command -v "$program" >/dev/null && continue
    missing_helpers+=("$program")
    lost_without+=("$program ($lost)")
    read -ra packages <<<"$packages"
    helpful_packages+=("${packages[@]}")
  done
}

# Sets as_root to the words before a command that needs root; fails where there is no way to be root. Asks for a
# password only on a terminal.
find_root() {
  as_root=()
  [[ $(id -u) == 0 ]] && return
  command -v sudo >/dev/null || return 1
  as_root=(sudo)
  [[ -t 0 ]] || sudo -n true 2>/dev/null
}

# The argument holds what the refreshing of the lists said, too: a system that never had the lists, and cannot fetch
# them now, knows no package at all.
explain_apt() {
  if looks_full "$1"; then
    printf 'The disk is full: make room for about 1 GB of system packages and run the script again.'
  elif grep -qiE 'could not get lock|is another process using it' "$1"; then
    printf 'Another program is installing packages: wait until it has finished and run the script again.'
  elif looks_offline "$1" || grep -qi 'failed to fetch' "$1"; then
    printf 'No network: the Debian package servers could not be reached. Check the connection or the proxy, '
    printf 'and run the script again; it goes on where it stopped.'
  elif grep -qiE 'unable to locate package|no installation candidate' "$1"; then
    printf "This system's package sources lack a package named above. Enable them (on Ubuntu: universe), or use "
    printf "conda: 'conda env create -f environment.yml && conda activate ablate'."
  else
    printf 'apt-get could not install the packages: the lines above say why.'
  fi
}

# A source that cannot be refreshed is no error yet: the lists on disk may do.
refresh_and_install() {
  local options=(-o DPkg::Lock::Timeout=300 -o Acquire::Retries=2)
  "${as_root[@]}" apt-get "${options[@]}" update ||
    echo "The package lists could not be refreshed; going on with those on disk."
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" install -y --no-install-recommends "$@"
}

install_packages() {
  if [[ -t 0 && ${#as_root[@]} -gt 0 ]]; then
    sudo -v || fail "sudo did not give root, which installing system packages needs. Ask for 'apt-get install $*'."
  fi
  run_logged "$setup_log" explain_apt refresh_and_install "$@"
}

# The helpers alone are no reason to stop: tried once, and only where no password is needed.
install_helpers() {
  local known="" helper new=no
  [[ -f $setup_env ]] && known=$(sed -n 's/^# done without: //p' "$setup_env")
  for helper in "${missing_helpers[@]}"; do
    [[ " $known " == *" $helper "* ]] || new=yes
  done
  [[ $new == yes ]] || return 0
  if [[ -z ${CONDA_PREFIX:-} && $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    say "Installing the Debian packages ${helpful_packages[*]} (not needed, but welcome)."
    as_root=()
    [[ $dry_run == yes ]] && return
    if (install_packages "${helpful_packages[@]}") 2>/dev/null; then
      find_missing_packages
      return
    fi
  fi
  local IFS=';'
  say "Going on without ${lost_without[*]}."
}

install_missing_packages() {
  find_missing_packages
  if [[ ${#required_packages[@]} -eq 0 ]]; then
    [[ ${#missing_helpers[@]} -eq 0 ]] || install_helpers
    return
  fi
  local wanted=("${required_packages[@]}" "${helpful_packages[@]}")
  local by_conda="'conda env create -f environment.yml && conda activate ablate'"
  if [[ $torch_from_conda == yes ]]; then
    fail "the conda environment lacks what these packages hold: ${required_packages[*]}. Bring it up to date:" \
      "'conda env update -f environment.yml'."
  fi
  command -v apt-get >/dev/null ||
    fail "missing: ${required_packages[*]} (names as in Debian), and this system has no apt-get. Install them with" \
      "your package manager, or use conda: $by_conda."
  find_root ||
    fail "missing: ${required_packages[*]}. Installing system packages needs root, and neither root nor sudo is at" \
      "hand. Ask for 'apt-get install ${wanted[*]}', or use conda: $by_conda."
  say "Installing the Debian packages ${wanted[*]}."
  [[ $dry_run == yes ]] && return
  require_space /usr 1 "installing the system packages"
  install_packages "${wanted[@]}"
  find_missing_packages
  [[ ${#required_packages[@]} -eq 0 ]] ||
    fail "still missing or too old after the installation: ${required_packages[*]} (cmake $minimum_cmake or newer is" \
      "needed). Use conda: $by_conda."
}
