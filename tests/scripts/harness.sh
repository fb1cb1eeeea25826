# shellcheck shell=bash
# For the tests of the scripts: a copy of scripts/ in a temporary project, and a PATH that holds the ordinary tools and
# fakes of everything that installs or builds. Nothing outside the temporary folder is touched.
#
# The fakes write each call into $calls. What they answer is chosen by variables given to `run`:
#   FAKE_ID=1000            not root
#   FAKE_FREE_KB            what df says is free
#   FAKE_APT=offline|no_lists|locked|unknown|broken|killed   how apt-get fails; unset: it brings every program that it
#                           is asked for; no_lists: update only warns; killed: it ends the script that calls it
#   FAKE_TORCH=DIR          python3 has torch there
#   FAKE_PIP=offline|full|nothing     how pip install fails
#   FAKE_PIP_CONFIG=text    what pip config list prints
#   FAKE_PIP_CUDA=yes       pip's configured sources would bring the CUDA build

project_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
failures=0
cleanup() { [[ -z ${sandbox:-} ]] || rm -rf "$sandbox"; }
trap cleanup EXIT

fake() {
  cat >"$sandbox/bin/$1"
  chmod +x "$sandbox/bin/$1"
}

# A LibTorch that consists of its CMake files. make_torch DIR VERSION
make_torch() {
  mkdir -p "$1/share/cmake/Torch" "$1/lib"
  touch "$1/share/cmake/Torch/TorchConfig.cmake"
  echo "set(PACKAGE_VERSION \"$2\")" >"$1/share/cmake/Torch/TorchConfigVersion.cmake"
}

make_fakes() {
  fake id <<<$'#!/bin/bash\necho "${FAKE_ID:-0}"'
  fake df <<'EOF'
#!/bin/bash
echo "Filesystem 1024-blocks Used Available Capacity Mounted on"
echo "disk 100000000 1 ${FAKE_FREE_KB:-90000000} 1% /"
EOF
  fake apt-get <<'EOF'
#!/bin/bash
echo "apt-get $*" >>"$calls"
case ${FAKE_APT:-} in
  offline) echo "Err:1 Temporary failure resolving 'packages.example'"; exit 100 ;;
  no_lists)
    if [[ $* == *" update" ]]; then
      echo "W: Failed to fetch http://packages.example/InRelease  Temporary failure resolving 'packages.example'"
      exit 0
    fi
    echo "E: Unable to locate package cmake"; exit 100 ;;
  broken) echo "E: Error, pkgProblemResolver::Resolve generated breaks"; exit 100 ;;
  killed) kill -TERM $PPID; exit 143 ;;
  locked) echo "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt-get)"; exit 100 ;;
  unknown) echo "E: Unable to locate package catch2"; exit 100 ;;
esac
for package in "$@"; do
  [[ -e $sandbox/set_aside/$package ]] && mv "$sandbox/set_aside/$package" "$sandbox/bin/"
done
exit 0
EOF
  fake cmake <<<$'#!/bin/bash\necho "cmake version ${FAKE_CMAKE:-3.25.1}"'
  fake python3 <<'EOF'
#!/bin/bash
case "$1 $2" in
  "-c "*find_spec*) echo "${FAKE_TORCH:-}" ;;
  "-c import venv"*) ;;
  "-m venv")
    echo "venv" >>"$calls"
    mkdir -p "${*: -1}/bin"
    cp "$sandbox/venv_python" "${*: -1}/bin/python"
    ;;
esac
EOF
  fake ../venv_python <<'EOF'
#!/bin/bash
site=$(cd "$(dirname "$0")/.." && pwd)/lib/python3.11/site-packages
if [[ $1 == -c ]]; then
  case $2 in
    *find_spec*) if [[ -d $site/torch ]]; then echo "$site/torch"; fi ;;
    *platform*) echo 3.11.2 ;;
  esac
  exit
fi
case "$3 $*" in
  config*) printf '%s\n' "${FAKE_PIP_CONFIG:-}"; exit ;;
  *--dry-run*)
    while [[ $1 != --report ]]; do shift; done
    echo "{\"name\": \"${FAKE_PIP_CUDA:+nvidia-}cublas\"}" >"$2"
    exit
    ;;
esac
shift 2
echo "pip $*" >>"$calls"
case ${FAKE_PIP:-} in
  offline) echo "NewConnectionError: Failed to establish a new connection: [Errno 101] Network is unreachable"
           echo "ERROR: No matching distribution found for torch==2.13.0"; exit 1 ;;
  full) echo "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"; exit 1 ;;
  nothing) echo "ERROR: No matching distribution found for torch==2.13.0"; exit 1 ;;
esac
mkdir -p "$site/torch/share/cmake/Torch" "$site/torch-2.13.0.dist-info"
touch "$site/torch/share/cmake/Torch/TorchConfig.cmake" "$site/torch-2.13.0.dist-info/INSTALLER"
echo 'set(PACKAGE_VERSION "2.13.0")' >"$site/torch/share/cmake/Torch/TorchConfigVersion.cmake"
EOF
  local program
  for program in g++ ninja ccache git curl; do fake "$program" <<<$'#!/bin/bash\nexit 1'; done
}

# A new temporary project where all programs and libraries are there but LibTorch.
new_project() {
  cleanup
  sandbox=$(mktemp -d)
  project=$sandbox/project calls=$sandbox/calls
  export sandbox calls
  mkdir -p "$project/.charts" "$sandbox/bin" "$sandbox/set_aside" "$sandbox/libraries/include"
  echo "// the chart library" >"$project/.charts/plotly.min.js"
  touch "$calls"
  cp -r "$project_root/scripts" "$project_root/CMakePresets.json" "$project"
  local tool header
  for tool in bash env basename dirname sed grep awk sort head tail cat mktemp rm mv mkdir cp cmp touch uname nproc \
    wc find cut chmod; do
    ln -s "$(type -P "$tool")" "$sandbox/bin/$tool"
  done
  for header in sentencepiece_processor.h nlohmann/json.hpp cxxopts.hpp catch2/catch_all.hpp zlib.h \
    unicode/normalizer2.h; do
    mkdir -p "$(dirname "$sandbox/libraries/include/$header")"
    touch "$sandbox/libraries/include/$header"
  done
  make_fakes
}

# As if the program were not installed; the fake apt-get knows a package of that name.
take_away() { mv "$sandbox/bin/$1" "$sandbox/set_aside/"; }

# run [NAME=value...] SCRIPT [argument...]: runs it in a bare environment; sets status, output and errors.
run() {
  local variables=()
  while [[ $1 == *=* ]]; do
    variables+=("$1")
    shift
  done
  local script=$1
  shift
  status=0
  # The outer redirection is for what bash says of a script that a signal ended.
  { env -i PATH="$sandbox/bin" HOME="$sandbox" sandbox="$sandbox" calls="$calls" CUDA_HOME=/nowhere \
    CMAKE_PREFIX_PATH="$sandbox/libraries" "${variables[@]}" "$project/scripts/$script" "$@" \
    >"$sandbox/output" 2>"$sandbox/errors" </dev/null; } 2>/dev/null || status=$?
  output=$(<"$sandbox/output")
  errors=$(<"$sandbox/errors")
}

report_failure() {
  failures=$((failures + 1))
  printf 'FAILED %s, line %s: %s\n' "$0" "${BASH_LINENO[1]}" "$1" >&2
  printf '%s\n%s\n' "$output" "$errors" | sed 's/^/    | /' >&2
}

expect_status() { [[ $status == "$1" ]] || report_failure "exit status $status, expected $1"; }
expect_says() { [[ $errors == *"$1"* ]] || report_failure "the messages lack '$1'"; }
expect_silent_on() { [[ $errors != *"$1"* ]] || report_failure "the messages have '$1'"; }
expect_output() { [[ $output == "$1" ]] || report_failure "standard output is '$output', expected '$1'"; }
expect_call() { grep -qF -- "$1" "$calls" || report_failure "'$1' was not called, but: $(<"$calls")"; }
expect_no_calls() { [[ ! -s $calls ]] || report_failure "called: $(<"$calls")"; }
expect_file() { [[ -e $project/$1 ]] || report_failure "$1 was not made"; }
expect_no_file() { [[ ! -e $project/$1 ]] || report_failure "$1 was made"; }
expect_no_leftovers() {
  ! compgen -G "$project/.step.*" >/dev/null && [[ ! -e $project/.setup.env.new ]] || report_failure "a file was left"
}
expect_setting() {
  grep -qxF "export $1" "$project/.setup.env" || report_failure ".setup.env lacks '$1': $(<"$project/.setup.env")"
}

finish() {
  if ((failures > 0)); then
    echo "$0: $failures failures" >&2
    exit 1
  fi
}
