#!/bin/bash
# scripts/setup: what it finds, what it installs, and what it says where it cannot.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

finds_torch_by_torch_dir() {
  new_project
  make_torch "$sandbox/libtorch" 2.12.1
  run Torch_DIR="$sandbox/libtorch/share/cmake/Torch" setup
  expect_status 0
  expect_says "Ready: LibTorch 2.12.1 of the variable Torch_DIR"
  expect_setting "Torch_DIR=$sandbox/libtorch/share/cmake/Torch"
  expect_setting "CMAKE_PREFIX_PATH=$sandbox/libraries"
  expect_no_calls

  run Torch_DIR="$sandbox/libtorch" setup
  expect_setting "Torch_DIR=$sandbox/libtorch/share/cmake/Torch"

  run Torch_DIR="$sandbox/elsewhere" setup
  expect_status 1
  expect_says "there is no TorchConfig.cmake in it"
}

finds_torch_by_prefix_path() {
  new_project
  make_torch "$sandbox/libtorch" 2.11.0
  run CMAKE_PREFIX_PATH="$sandbox/libraries:$sandbox/libtorch" setup
  expect_status 0
  expect_says "LibTorch 2.11.0 of the variable CMAKE_PREFIX_PATH"
  run CMAKE_PREFIX_PATH="$sandbox/libtorch/share/cmake;$sandbox/libraries" setup
  expect_status 0
  expect_no_calls
}

prefers_the_active_conda_environment() {
  new_project
  make_torch "$sandbox/libtorch" 2.12.0
  make_torch "$sandbox/libraries" 2.13.0
  run CONDA_PREFIX="$sandbox/libraries" CMAKE_PREFIX_PATH= Torch_DIR="$sandbox/libtorch" CXX=g++ setup
  expect_status 0
  expect_says "LibTorch 2.13.0 of the active conda environment"
  expect_setting "CMAKE_PREFIX_PATH=$sandbox/libraries"
  expect_setting "CXX=g++"
  expect_no_calls

  take_away cmake
  run CONDA_PREFIX="$sandbox/libraries" setup
  expect_status 1
  expect_says "conda env update -f environment.yml"
  expect_no_calls
}

a_python_of_conda_is_no_conda_environment() {
  new_project
  make_torch "$sandbox/torch" 2.13.0
  mkdir -p "$sandbox/miniconda3/bin"
  mv "$sandbox/bin/python3" "$sandbox/miniconda3/bin/"
  local variables=(PATH="$sandbox/miniconda3/bin:$sandbox/bin" CMAKE_PREFIX_PATH= FAKE_TORCH="$sandbox/torch")
  variables+=(CPATH="$sandbox/libraries/include")
  run "${variables[@]}" setup
  expect_status 0
  expect_says "LibTorch 2.13.0 of $sandbox/miniconda3/bin/python3"
  ! grep -q CMAKE_PREFIX_PATH "$project/.setup.env" || report_failure "CMAKE_PREFIX_PATH was set"

  take_away cmake
  run "${variables[@]}" setup
  expect_status 0
  expect_call "install -y --no-install-recommends cmake"
}

refuses_an_old_torch_that_was_named() {
  new_project
  make_torch "$sandbox/libtorch" 1.13.0
  run Torch_DIR="$sandbox/libtorch" setup
  expect_status 1
  expect_says "it is version 1.13.0, and 2.11 or newer is needed"
}

asks_for_nvcc_of_a_cuda_build() {
  new_project
  make_torch "$sandbox/libtorch" 2.11.0
  touch "$sandbox/libtorch/lib/libtorch_cuda.so"
  run Torch_DIR="$sandbox/libtorch" setup
  expect_status 1
  expect_says "nvcc was not found"
  expect_says "or unset Torch_DIR"

  fake nvcc <<<'#!/bin/bash'
  run Torch_DIR="$sandbox/libtorch" setup
  expect_status 0
  expect_setting "CUDACXX=$sandbox/bin/nvcc"
}

finds_torch_of_python() {
  new_project
  make_torch "$sandbox/torch" 2.13.0
  run FAKE_TORCH="$sandbox/torch" setup
  expect_status 0
  expect_says "LibTorch 2.13.0 of $sandbox/bin/python3"
  expect_no_calls

  make_torch "$sandbox/torch" 2.4.0
  run FAKE_TORCH="$sandbox/torch" setup
  expect_status 0
  expect_says "Passing over the LibTorch of $sandbox/bin/python3: it is version 2.4.0"
  expect_says "LibTorch 2.13.0 of the project's .venv"
}

makes_the_environment_once() {
  new_project
  run setup
  expect_status 0
  expect_call "pip install"
  expect_call "--index-url https://download.pytorch.org/whl/cpu"
  expect_no_file .venv/tmp
  : >"$calls"
  run setup
  expect_status 0
  expect_says "Ready: LibTorch 2.13.0 of the project's .venv"
  expect_no_calls
}

makes_an_interrupted_environment_anew() {
  new_project
  run setup
  rm "$project"/.venv/lib/python3.11/site-packages/torch-2.13.0.dist-info/INSTALLER
  : >"$calls"
  run setup
  expect_status 0
  expect_call "venv"
  expect_call "pip install"
}

chooses_the_package_index() {
  new_project
  run ABLATE_PIP_INDEX=https://mirror.example/simple FAKE_PIP_CONFIG="global.find-links='/wheels'" setup
  expect_status 0
  expect_call "--index-url https://mirror.example/simple"

  new_project
  run FAKE_PIP_CONFIG="global.find-links='/wheels'" setup
  expect_status 0
  expect_says "the sources in this machine's pip configuration"
  ! grep -q index-url "$calls" || report_failure "an index was named though pip has its sources"

  new_project
  run FAKE_PIP_CONFIG="global.index-url='https://mirror.example'" FAKE_PIP_CUDA=yes setup
  expect_status 0
  expect_call "--index-url https://download.pytorch.org/whl/cpu"
}

explains_what_stops_pip() {
  new_project
  run FAKE_PIP=offline setup
  expect_status 1
  expect_says "No network: pip's package index could not be reached"
  expect_says "ABLATE_PIP_INDEX"
  expect_silent_on "Traceback"
  expect_no_file .setup.env

  run FAKE_PIP=full setup
  expect_status 1
  expect_says "The disk is full"

  run FAKE_PIP=nothing setup
  expect_status 1
  expect_says "The package index has no torch==2.13.0 for Python 3.11.2"
}

explains_too_little_disk() {
  new_project
  run FAKE_FREE_KB=1500000 setup
  expect_status 1
  expect_says "too little disk: LibTorch and the build needs about 4 GB"
  expect_says "1.5 GB are free"
  expect_no_file .venv
  expect_no_calls

  make_torch "$sandbox/torch" 2.13.0
  run FAKE_FREE_KB=1500000 FAKE_TORCH="$sandbox/torch" setup
  expect_status 0
}

explains_missing_root() {
  new_project
  make_torch "$sandbox/torch" 2.13.0
  take_away cmake
  run FAKE_ID=1000 FAKE_TORCH="$sandbox/torch" setup
  expect_status 1
  expect_says "missing: cmake"
  expect_says "needs root, and neither root nor sudo is at hand"
  expect_says "conda env create -f environment.yml"
  expect_no_calls
}

uses_sudo_where_it_asks_no_password() {
  new_project
  make_torch "$sandbox/torch" 2.13.0
  take_away cmake
  fake sudo <<<$'#!/bin/bash\n[[ $1 == -n ]] && exit 1\nexec "$@"'
  run FAKE_ID=1000 FAKE_TORCH="$sandbox/torch" setup
  expect_status 1
  expect_says "needs root"

  fake sudo <<<$'#!/bin/bash\n[[ $1 == -n ]] && shift\nexec "$@"'
  ln -s "$(type -P true)" "$sandbox/bin/true"
  run FAKE_ID=1000 FAKE_TORCH="$sandbox/torch" setup
  expect_status 0
  expect_call "install -y --no-install-recommends cmake"
}

installs_only_what_is_missing() {
  new_project
  make_torch "$sandbox/torch" 2.13.0
  take_away cmake
  run FAKE_TORCH="$sandbox/torch" setup
  expect_status 0
  expect_says "Installing the Debian packages cmake."
  expect_call "install -y --no-install-recommends cmake"

  take_away cmake
  run FAKE_TORCH="$sandbox/torch" FAKE_APT=offline setup
  expect_status 1
  expect_says "No network: the Debian package servers could not be reached"
  run FAKE_TORCH="$sandbox/torch" FAKE_APT=no_lists setup
  expect_status 1
  expect_says "No network: the Debian package servers could not be reached"
  run FAKE_TORCH="$sandbox/torch" FAKE_APT=broken setup
  expect_says "pkgProblemResolver"
  expect_says "apt-get could not install the packages"
  run FAKE_TORCH="$sandbox/torch" FAKE_APT=locked setup
  expect_says "Another program is installing packages"
  run FAKE_TORCH="$sandbox/torch" FAKE_APT=unknown setup
  expect_says "package sources lack a package"

  rm "$sandbox/bin/apt-get"
  run FAKE_TORCH="$sandbox/torch" setup
  expect_status 1
  expect_says "this system has no apt-get"
}

leaves_no_half_written_files() {
  new_project
  make_torch "$sandbox/torch" 2.13.0
  take_away cmake
  run FAKE_TORCH="$sandbox/torch" FAKE_APT=killed setup
  expect_status 143
  expect_no_leftovers
  expect_no_file .setup.env
  run FAKE_TORCH="$sandbox/torch" FAKE_APT=unknown setup
  expect_no_leftovers
  run FAKE_TORCH="$sandbox/torch" setup
  expect_status 0
  expect_no_leftovers
}

refuses_an_old_cmake() {
  new_project
  make_torch "$sandbox/torch" 2.13.0
  run FAKE_TORCH="$sandbox/torch" FAKE_CMAKE=3.16.3 setup
  expect_status 1
  expect_says "still missing or too old after the installation: cmake"
}

goes_on_without_helpers() {
  new_project
  make_torch "$sandbox/torch" 2.13.0
  take_away ccache
  run FAKE_TORCH="$sandbox/torch" FAKE_APT=offline setup
  expect_status 0
  expect_says "Going on without ccache (rebuilds take longer)"
  : >"$calls"
  run FAKE_TORCH="$sandbox/torch" FAKE_APT=offline setup
  expect_status 0
  expect_silent_on "ccache"
  expect_no_calls
}

dry_run_does_nothing() {
  new_project
  take_away cmake
  run setup --dry-run
  expect_status 0
  expect_says "Installing the Debian packages cmake"
  expect_says "Making the Python environment .venv"
  expect_no_calls
  expect_no_file .venv
  expect_no_file .setup.env
}

goes_on_without_charts() {
  new_project
  make_torch "$sandbox/torch" 2.13.0
  rm -r "$project/.charts"
  run FAKE_TORCH="$sandbox/torch" setup
  expect_status 0
  expect_says "'ablate report' cannot write pages until scripts/setup was run with a network"
  expect_no_file .charts
  mkdir -p "$sandbox/conda/lib/python3.12/site-packages/plotly/package_data"
  echo "// charts" >"$sandbox/conda/lib/python3.12/site-packages/plotly/package_data/plotly.min.js"
  make_torch "$sandbox/conda" 2.13.0
  run CONDA_PREFIX="$sandbox/conda" setup
  expect_status 0
  [[ $(cat "$project/.charts/plotly.min.js") == "// charts" ]] || report_failure "the charts of conda were not taken"
}

installs_tex_for_the_tests_alone() {
  new_project
  make_torch "$sandbox/torch" 2.13.0
  run FAKE_TORCH="$sandbox/torch" setup
  expect_no_calls
  run FAKE_TORCH="$sandbox/torch" setup --tests
  expect_call "texlive-latex-recommended"
}

explains_its_options() {
  new_project
  run setup --help
  expect_status 0
  [[ $output == *"ABLATE_PIP_INDEX"* ]] || report_failure "--help does not explain ABLATE_PIP_INDEX"
  run setup --sudo
  expect_status 2
  expect_says "unknown option '--sudo'"
}

finds_torch_by_torch_dir
finds_torch_by_prefix_path
prefers_the_active_conda_environment
a_python_of_conda_is_no_conda_environment
refuses_an_old_torch_that_was_named
asks_for_nvcc_of_a_cuda_build
finds_torch_of_python
makes_the_environment_once
makes_an_interrupted_environment_anew
chooses_the_package_index
explains_what_stops_pip
explains_too_little_disk
explains_missing_root
uses_sudo_where_it_asks_no_password
installs_only_what_is_missing
leaves_no_half_written_files
refuses_an_old_cmake
goes_on_without_helpers
dry_run_does_nothing
goes_on_without_charts
installs_tex_for_the_tests_alone
explains_its_options
finish
