// `ablate schema`: the JSON Schema of experiment files.
#include "experiments/cli/command.h"
#include "experiments/lab/experiment_schema.h"

#include <nlohmann/json.hpp>

#include <iostream>

namespace ablate::cli {

int schema_command(const std::vector<std::string>& arguments) {
  Arguments options("schema",
                    "Prints a JSON Schema (draft 2020-12) of experiment files. Editors that know it complete keys and\n"
                    "values, show their documentation and mark mistakes while one types.",
                    "  ablate schema > experiment.schema.json");
  if (!options.parse(arguments, {})) return success;
  std::cout << lab::experiment_schema().dump(2) << "\n";
  return success;
}

}  // namespace ablate::cli
