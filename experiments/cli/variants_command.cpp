// `ablate variants`: the catalogue, straight from the tables that read experiment files.
#include "experiments/cli/command.h"
#include "experiments/lab/catalogue.h"
#include "transformer/config/suggest.h"
#include "transformer/core/error.h"

#include <nlohmann/json.hpp>

#include <iostream>

namespace ablate::cli {

int variants_command(const std::vector<std::string>& arguments) {
  Arguments options(
      "variants [AXIS…] [--format markdown|json]",
      "Lists what can be chosen in an experiment file: every axis with its values, their formulas, papers\n"
      "and options. AXIS is the name of one (norm) or where it stands (model.norm.kind).",
      "  ablate variants\n"
      "  ablate variants norm feed_forward\n"
      "  ablate variants --format json");
  options.add_list("axis", "show these axes only", "AXIS");
  options.add_value("format", "markdown or json", "FORMAT", "markdown");
  if (!options.parse(arguments, {"axis"})) return success;
  const std::string format = options.text("format");
  if (format != "markdown" && format != "json") {
    throw UserError("--format: unknown format '" + format + "'" + config::suggestion(format, {"markdown", "json"}));
  }

  std::vector<lab::Axis> axes = lab::catalogue();
  if (options.has("axis")) {
    std::vector<lab::Axis> chosen;
    for (const std::string& name : options.texts("axis")) {
      chosen.push_back(lab::find_axis(axes, name));
    }
    axes = std::move(chosen);
  }
  if (format == "json") {
    std::cout << lab::catalogue_json(axes).dump(2) << "\n";
  } else {
    std::cout << lab::catalogue_markdown(axes);
  }
  return success;
}

}  // namespace ablate::cli
