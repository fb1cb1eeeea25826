#!/bin/bash
# scripts/interruption with few interruptions of a short experiment, and that it finds a difference.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

sandbox=$(mktemp -d)
export PYTHONDONTWRITEBYTECODE=1
program=${ABLATE_TEST_BUILD:-$project_root/build}/ablate

call() {
  status=0
  "$project_root/scripts/interruption" "$@" >"$sandbox/output" 2>"$sandbox/errors" || status=$?
  output=$(<"$sandbox/output")
  errors=$(<"$sandbox/errors")
}

call --help
expect_status 0
[[ $output == *--interruptions* ]] || report_failure "--help does not name --interruptions"

call --program "$sandbox/nothing"
expect_status 1
expect_says "is not there"

call --program "$program" --interruptions 4 --steps 300
expect_status 0
expect_output "the same table after 4 interruptions"
expect_says "SIGTERM after"
expect_says "SIGKILL after"

# A program that prints another figure once it was interrupted.
cat >"$sandbox/forgetful" <<'END'
#!/bin/bash
"$PROGRAM" "$@" | sed "$([[ $* == *interrupted* ]] && echo 's/,true,[0-9.]*,/,true,1,/')"
exit "${PIPESTATUS[0]}"
END
chmod +x "$sandbox/forgetful"
PROGRAM=$program call --program "$sandbox/forgetful" --interruptions 0 --steps 40
expect_status 1
expect_says "without interruption"
expect_says "the tables differ"

finish
