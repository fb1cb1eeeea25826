# shellcheck shell=bash
# shellcheck disable=SC2154 # variables are shared with the tests that source this file
# For tests that need Python packages: virtual environments in the build folder, made by the first test that needs them
# and kept for the next.

# An index that does not answer may keep pip waiting for ever: what was fetched by then serves the next attempt.
install_patiently() {
  local attempt
  for attempt in 1 2 3; do
    timeout 300 "$1" -m pip install --disable-pip-version-check --timeout 30 -r "$2" && return
    echo "attempt $attempt did not succeed"
  done
  return 1
}

# python_environment NAME: sets `python` to the interpreter of one that holds scripts/requirements/NAME.txt and nothing
# else. A test whose packages cannot be had has failed.
python_environment() {
  local requirements=$project_root/scripts/requirements/$1.txt
  local folder=${ABLATE_TEST_BUILD:-$project_root/build}/python/$1
  python=$folder/bin/python
  # The copy is made last: an installation that was cut off has none.
  ! cmp -s "$requirements" "$folder/requirements.txt" || return 0
  printf '%s: installing scripts/requirements/%s.txt into %s\n' "$0" "$1" "$folder" >&2
  mkdir -p "$folder"
  if ! { python3 -m venv --clear "$folder" &&
    install_patiently "$python" "$requirements"; } >"$folder.log" 2>&1; then
    tail -n 15 "$folder.log" | sed 's/^/    /' >&2
    printf '%s: FAILED: the Python packages of scripts/requirements/%s.txt, which this test needs, could not be ' \
      "$0" "$1" >&2
    printf 'installed: the lines above say why. They need Python 3.11 or newer. The whole log: %s\n' "$folder.log" >&2
    exit 1
  fi
  cp "$requirements" "$folder/requirements.txt"
}
