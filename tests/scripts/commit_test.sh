#!/bin/bash
# scripts/commit.cmake: which commit the program says that its figures were made with.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

in_git() {
  git -C "$repository" -c user.name=someone -c user.email=someone@example.org -c init.defaultBranch=main \
    -c commit.gpgsign=false "$@" >/dev/null
}

# expect_commit SOURCES PATTERN: what is compiled in for the sources in that folder.
expect_commit() {
  rm -f "$sandbox/commit.h"
  cmake -DSOURCE="$1" -DOUTPUT="$sandbox/commit.h" -P "$project_root/scripts/commit.cmake" >"$sandbox/log" 2>&1 || true
  output=$(sed -n 's/^#define ABLATE_COMMIT //p' "$sandbox/commit.h") errors=$(<"$sandbox/log")
  [[ $output =~ ^\"$2\"$ ]] || report_failure "the commit is $output, expected $2"
}

clean='[0-9a-f]{12}' changed='[0-9a-f]{12}\+'
# Nothing of the user's own settings, nor of a repository that the test is called from.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
sandbox=$(mktemp -d)
export GIT_CEILING_DIRECTORIES=$sandbox
repository=$sandbox/repository
mkdir -p "$repository/transformer/core" "$repository/data" "$repository/docs" "$repository/unpacked/transformer"

expect_commit "$repository" unknown
in_git init
expect_commit "$repository" unknown
echo 'int x;' >"$repository/transformer/core/x.cpp"
in_git add transformer
in_git commit -m first
expect_commit "$repository" "$clean"
ln -s "$repository" "$sandbox/link"
expect_commit "$sandbox/link" "$clean"

# Sources without a repository of their own, inside another one.
expect_commit "$repository/unpacked" unknown

echo 'notes' >"$repository/docs/notes.txt"
echo 'notes' >"$repository/data/notes.txt"
expect_commit "$repository" "$clean"
echo 'int y;' >"$repository/data/y.h"
expect_commit "$repository" "$changed"
rm "$repository/data/y.h"
mkdir "$repository/transformer/layers"
echo 'int y;' >"$repository/transformer/layers/y.cpp"
expect_commit "$repository" "$changed"
rm "$repository/transformer/layers/y.cpp"
expect_commit "$repository" "$clean"
echo 'int z;' >>"$repository/transformer/core/x.cpp"
expect_commit "$repository" "$changed"
finish
