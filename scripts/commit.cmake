# Writes the commit of the sources, with "+" if they were changed since, into a header; leaves the header alone if it
# says the same already.
cmake_minimum_required(VERSION 3.22)

function(ask_git answer)
  execute_process(COMMAND git --no-optional-locks -C ${SOURCE} ${ARGN}
                  OUTPUT_VARIABLE text OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  set(${answer} "${text}" PARENT_SCOPE)
endfunction()

# Sources unpacked inside another repository must not carry its commit.
ask_git(repository rev-parse --show-toplevel)
set(commit "")
if(repository)
  file(REAL_PATH "${repository}" repository)
  file(REAL_PATH "${SOURCE}" source)
  if(repository STREQUAL source)
    ask_git(commit rev-parse --short=12 HEAD)
  endif()
endif()

# A file that git does not know yet is compiled all the same. In git's patterns * also stands for folders.
ask_git(changed status --porcelain --untracked-files=no -- transformer data/*.cpp data/*.h data/tokenizers data/tasks
        data/readers data/files experiments/lab experiments/metrics experiments/cli CMakeLists.txt)
ask_git(added ls-files --others --exclude-standard -- transformer/*.cpp transformer/*.h data/*.cpp data/*.h
        experiments/*.cpp experiments/*.h)
if(NOT commit)
  set(commit "unknown")
elseif(changed OR added)
  set(commit "${commit}+")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#pragma once\n#define ABLATE_COMMIT \"@commit@\"\n" @ONLY)
