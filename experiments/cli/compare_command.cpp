// `ablate compare`: single runs beside each other, whatever experiments they come from.
#include "experiments/cli/command.h"
#include "experiments/lab/inspection.h"
#include "transformer/core/error.h"

#include <iostream>

namespace ablate::cli {

int compare_command(const std::vector<std::string>& words) {
  Arguments arguments("compare RUN_DIR RUN_DIR…",
                      "Shows runs side by side: their figures, the settings that differ, and their dev curves.",
                      "  ablate compare runs/relu.s1.* runs/swiglu.s1.*");
  // cxxopts names its positional arguments; these are a list of any length.
  std::vector<std::filesystem::path> folders;
  std::vector<std::string> options;
  for (const std::string& word : words) {
    if (word.starts_with("-")) {
      options.push_back(word);
    } else {
      folders.emplace_back(word);
    }
  }
  if (!arguments.parse(options, {})) return success;
  if (folders.size() < 2) throw UserError("name two runs or more\nusage: ablate compare RUN_DIR RUN_DIR…");
  std::cout << lab::compare_runs(folders);
  return success;
}

}  // namespace ablate::cli
