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

# The file that a step is writing; a trap removes it however the script ends. A subshell has to set the trap anew.
step_file=""
remove_step_file() { rm -f "$step_file"; }

# run_logged LOG EXPLAIN COMMAND...: runs COMMAND with its output at the end of LOG. If it fails, shows the last
# lines and ends with the sentence that the function EXPLAIN makes of this step's output (its argument is a file).
run_logged() {
  local log=$1 explain=$2 sentence
  shift 2
  step_file=$(mktemp "${log%/*}/.step.XXXXXX") || fail "cannot write into ${log%/*}: check who owns the folder."
  trap remove_step_file EXIT
  if "$@" >"$step_file" 2>&1; then
    cat "$step_file" >>"$log"
    remove_step_file
    return
  fi
  cat "$step_file" >>"$log"
  tail -n 15 "$step_file" | sed 's/^/    /' >&2
  sentence=$("$explain" "$step_file")
  fail "$sentence The whole log: $log"
}

# True where the output in file $1 shows that a server could not be reached, in the words of apt, curl or pip.
looks_offline() {
  local names="could not resolve|failed to resolve '|(failure|happened) resolving|failure in name resolution"
  names+="|NameResolutionError|name or service not known"
  local routes="network is unreachable|no route to host|connection (refused|timed out)|unable to connect"
  routes+="|could not connect|NewConnectionError|ConnectTimeout|Failed to establish|Read timed out"
  grep -qiE "$names|$routes" "$1"
}

looks_full() { grep -qiE 'no space left|not enough free (disk )?space|disk quota' "$1"; }
