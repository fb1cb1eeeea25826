#!/bin/bash
# scripts/check: each rule finds its breach and lets ordinary code pass.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# with_file PATH: a project of the scripts and this file, whose text is standard input.
with_file() {
  new_project
  mkdir -p "$project/$(dirname "$1")"
  cat >"$project/$1"
}

expect_breach() {
  run check --fast
  expect_status 1
  expect_says "$1"
}

with_file tests/norm_test.cpp <<<$'// CHECK that it is so\nTEST_CASE("norm", "[norm]") { CHECK(true); }'
run check --fast
expect_status 0
expect_says "The house rules hold"

with_file tests/norm_test.cpp <<<'  // CHECK(a == b);'
expect_breach "tests/norm_test.cpp:1:"
with_file tests/norm_test.cpp <<<'TEST_CASE("slow", "[.slow]") {}'
expect_breach "a test that is skipped"
with_file transformer/norm.cpp <<<"int x;  // TO""DO"
expect_breach "transformer/norm.cpp:1:"
with_file transformer/norm.cpp <<<'#include "../core/torch.h"'
expect_breach "from the project's root"
with_file transformer/norm.cpp < <(for _ in {1..401}; do echo; done)
expect_breach "transformer/norm.cpp: 401 lines"

with_file transformer/norm.cpp < <(printf 'int %0120d;\n' 0)
run check --fast
expect_status 0
run check
expect_status 1
expect_says "at most 120 columns"
finish
