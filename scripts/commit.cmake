# Writes the commit of the sources, with "+" if they were changed since, into a header; leaves it alone if it is the same.
cmake_minimum_required(VERSION 3.22)
execute_process(COMMAND git -C ${SOURCE} rev-parse --short=12 HEAD
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
execute_process(COMMAND git -C ${SOURCE} status --porcelain --untracked-files=no -- transformer data/*.cpp data/*.h data/tokenizers data/tasks
                        data/readers data/files experiments/lab experiments/metrics experiments/cli CMakeLists.txt
                OUTPUT_VARIABLE changes OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT commit)
  set(commit "unknown")
elseif(changes)
  set(commit "${commit}+")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#pragma once\n#define ABLATE_COMMIT \"@commit@\"\n" @ONLY)
