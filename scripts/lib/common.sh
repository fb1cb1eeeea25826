# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables are shared with the scripts that source this file
# What all scripts share: where things lie, how they speak, and how a long step is logged.
# Messages go to standard error, so that standard output holds results alone.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
script_name=$(basename "$0")
# Written by scripts/setup: the variables that cmake needs, to be sourced.
setup_env=$root/.setup.env
setup_log=$root/.setup.log

say() { printf '[%s] %s\n' "$script_name" "$*" >&2; }

# Ends the script with one sentence: what is wrong and what to do.
fail() {
  printf '[%s] error: %s\n' "$script_name" "$*" >&2
  exit 1
}

usage_error() {
  printf "[%s] error: unknown option '%s'; see scripts/%s --help\n" "$script_name" "$1" "$script_name" >&2
  exit 2
}

# Prints the comment at the top of the calling script, which is its help.
print_help() { sed -n '2,/^[^#]/ { /^#/ s/^# \{0,1\}//p; }' "$0"; }

# version_at_least HAVE WANTED
version_at_least() { printf '%s\n%s\n' "$2" "$1" | sort -V -C; }

# require_space DIR GIGABYTES WHAT: ends the script where DIR's disk has less room than WHAT needs.
require_space() {
  local free_kb
  free_kb=$(df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print $4 }')
  [[ $free_kb =~ ^[0-9]+$ ]] || return 0
  if ((free_kb < $2 * 1000 * 1000)); then
    fail "too little disk: $3 needs about $2 GB in $1, and $((free_kb / 1000000)).$((free_kb / 100000 % 10)) GB" \
      "are free. Make room, or put the project on another disk."
  fi
}

# run_logged LOG EXPLAIN COMMAND...: runs COMMAND with its output at the end of LOG. If it fails, shows the last
# lines and ends with the sentence that the function EXPLAIN makes of this step's output (its argument is a file).
run_logged() {
  local log=$1 explain=$2 step
  shift 2
  step=$(mktemp "${log%/*}/.step.XXXXXX") || fail "cannot write into ${log%/*}: check who owns the folder."
  if "$@" >"$step" 2>&1; then
    cat "$step" >>"$log"
    rm -f "$step"
    return
  fi
  cat "$step" >>"$log"
  tail -n 15 "$step" | sed 's/^/    /' >&2
  local sentence
  sentence=$("$explain" "$step")
  rm -f "$step"
  fail "$sentence The whole log: $log"
}

# True where the output in file $1 shows that a server could not be reached.
looks_offline() {
  grep -qiE 'resolv(e|ing)|name resolution|name or service not known|network is unreachable|connection (refused|timed out)|unable to connect|NewConnectionError|ConnectTimeout|Failed to establish|Read timed out|could not connect' "$1"
}

looks_full() { grep -qiE 'no space left|not enough free (disk )?space|disk quota' "$1"; }
