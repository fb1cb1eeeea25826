#!/bin/bash
# scripts/quickstart and scripts/test: their order, their exit status, and what they say where the build fails.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR
source "$(dirname "${BASH_SOURCE[0]}")/harness.sh"

# A project that is set up, with a cmake that "builds" programs which print their arguments.
#   FAKE_CONFIGURE, FAKE_BUILD   a message with which that step fails
#   FAKE_ABLATE, FAKE_CTEST      exit status of the program
new_buildable_project() {
  new_project
  make_torch "$sandbox/torch" 2.13.0
  fake cmake <<'EOF'
#!/bin/bash
[[ $1 == --version ]] && echo "cmake version 3.25.1" && exit
echo "cmake $*" >>"$calls"
case $1 in
  --preset)
    if [[ -n ${FAKE_CONFIGURE:-} ]]; then echo "CMake Error: $FAKE_CONFIGURE"; exit 1; fi
    folder=build
    [[ $2 == release ]] || folder=build-$2
    if grep -qs elsewhere $folder/CMakeCache.txt; then echo "CMake Error: cache of another folder"; exit 1; fi
    printf '%s\n' "CMAKE_HOME_DIRECTORY:INTERNAL=$PWD" "Torch_DIR:PATH=$Torch_DIR" >$folder/CMakeCache.txt
    mkdir -p $folder/CMakeFiles
    touch $folder/build.ninja $folder/CMakeFiles/object
    ;;
  --build)
    if [[ -n ${FAKE_BUILD:-} ]]; then echo "$FAKE_BUILD"; exit 1; fi
    printf '#!/bin/bash\necho "ablate $*"\nexit ${FAKE_ABLATE:-0}\n' >"$2/ablate"
    printf '#!/bin/bash\necho "tests $*"\n' >"$2/ablate_tests"
    chmod +x "$2/ablate" "$2/ablate_tests"
    ;;
esac
exit 0
EOF
  fake ctest <<<$'#!/bin/bash\necho "ctest $*" >>"$calls"\nexit ${FAKE_CTEST:-0}'
  mkdir -p "$project/tests/scripts"
  cat >"$project/tests/scripts/some_test.sh" <<'EOF'
echo "shell test" >>"$calls"
exit ${FAKE_SHELL_TEST:-0}
EOF
}

quickstart_prints_the_table_alone() {
  new_buildable_project
  run FAKE_TORCH="$sandbox/torch" quickstart
  expect_status 0
  expect_output "ablate run experiments/quickstart/experiment.json --out runs"
  expect_call "--target ablate"
  expect_says "Time: set-up"

  : >"$calls"
  run FAKE_TORCH="$sandbox/torch" quickstart --fresh
  expect_output "ablate run experiments/quickstart/experiment.json --out runs --fresh"
  ! grep -q -- --preset "$calls" || report_failure "a configured build was configured again"

  run FAKE_TORCH="$sandbox/torch" FAKE_ABLATE=130 quickstart
  expect_status 130
  run quickstart --again
  expect_status 2
}

another_torch_configures_anew() {
  new_buildable_project
  run FAKE_TORCH="$sandbox/torch" quickstart
  make_torch "$sandbox/other" 2.12.0
  : >"$calls"
  touch "$project/build/CMakeFiles/old_object"
  run Torch_DIR="$sandbox/other" quickstart
  expect_status 0
  expect_says "Building anew in build/: it was configured with another LibTorch"
  expect_call "cmake --preset release"
  expect_no_file build/CMakeFiles/old_object
}

keeps_what_fits() {
  new_buildable_project
  run FAKE_TORCH="$sandbox/torch" quickstart
  touch "$project/build/CMakeFiles/old_object"
  echo "# done without: ccache" >>"$project/build/setup.env"
  run FAKE_TORCH="$sandbox/torch" quickstart
  expect_silent_on "Building anew"
  rm "$project/build/setup.env" # as after a build by hand
  run FAKE_TORCH="$sandbox/torch" quickstart
  expect_silent_on "Building anew"
  expect_silent_on "Configuring"
  expect_file build/CMakeFiles/old_object

  make_torch "$sandbox/other" 2.12.0
  rm "$project/build/setup.env"
  run Torch_DIR="$sandbox/other" quickstart
  expect_status 0
  expect_says "Building anew in build/: it was configured with another LibTorch"
  expect_no_file build/CMakeFiles/old_object
}

passes_options_to_cmake() {
  new_buildable_project
  run FAKE_TORCH="$sandbox/torch" quickstart
  touch "$project/build/CMakeFiles/old_object"
  run FAKE_TORCH="$sandbox/torch" ABLATE_CMAKE_OPTIONS="-DABLATE_NATIVE=OFF -DABLATE_TESTS=OFF" quickstart
  expect_status 0
  expect_call "cmake --preset release -DABLATE_NATIVE=OFF -DABLATE_TESTS=OFF"
  expect_file build/CMakeFiles/old_object
  local script
  for script in quickstart test; do
    run "$script" --help
    [[ $output == *ABLATE_CMAKE_OPTIONS* ]] || report_failure "--help does not explain ABLATE_CMAKE_OPTIONS"
  done
}

a_copied_build_folder_configures_anew() {
  new_buildable_project
  run FAKE_TORCH="$sandbox/torch" quickstart
  echo "CMAKE_HOME_DIRECTORY:INTERNAL=/elsewhere" >"$project/build/CMakeCache.txt"
  : >"$calls"
  run FAKE_TORCH="$sandbox/torch" quickstart
  expect_status 0
  expect_call "cmake --preset release"
}

explains_a_build_that_fails() {
  new_buildable_project
  run FAKE_TORCH="$sandbox/torch" FAKE_CONFIGURE="Could not find nvcc" quickstart
  expect_status 1
  expect_says "This LibTorch is a CUDA build"
  expect_no_file build/setup.env
  run FAKE_TORCH="$sandbox/torch" FAKE_BUILD="c++: fatal error: Killed signal terminated program cc1plus" quickstart
  expect_status 1
  expect_says "ABLATE_JOBS=1"
  run FAKE_TORCH="$sandbox/torch" FAKE_BUILD="norm.cpp:7: error: expected ';'" quickstart
  expect_status 1
  expect_says "norm.cpp:7: error: expected ';'"
  expect_says "The build failed"

  new_buildable_project
  run FAKE_TORCH="$sandbox/torch" FAKE_FREE_KB=900000 quickstart
  expect_status 1
  expect_says "too little disk: the build needs about 2 GB"
}

test_runs_everything_and_reports() {
  new_buildable_project
  run FAKE_TORCH="$sandbox/torch" test
  expect_status 0
  expect_call "ctest --preset release"
  expect_call "shell test"
  expect_says "All tests passed"

  run FAKE_TORCH="$sandbox/torch" FAKE_CTEST=8 test
  expect_status 1
  expect_call "shell test"
  expect_says "FAILED: the C++ tests"

  run FAKE_TORCH="$sandbox/torch" FAKE_SHELL_TEST=1 test
  expect_status 1
  expect_says "FAILED: tests/scripts/some_test.sh"
}

test_passes_arguments_to_catch() {
  new_buildable_project
  run FAKE_TORCH="$sandbox/torch" test --preset debug "[norm]"
  expect_status 0
  expect_output "tests [norm]"
  expect_call "cmake --preset debug"
  expect_file build-debug/ablate_tests
}

quickstart_prints_the_table_alone
another_torch_configures_anew
keeps_what_fits
passes_options_to_cmake
a_copied_build_folder_configures_anew
explains_a_build_that_fails
test_runs_everything_and_reports
test_passes_arguments_to_catch
finish
