// `ablate table`: the table of an experiment, or of whatever runs lie in a folder, without training.
#include "experiments/cli/command.h"
#include "experiments/lab/render/render.h"
#include "experiments/lab/results_table.h"

#include <iostream>

namespace ablate::cli {

int table_command(const std::vector<std::string>& words) {
  Arguments arguments("table FILE.json|DIR [options]",
                      "Prints the table of an experiment's runs, or of the runs in a folder: mean ± sample standard\n"
                      "deviation over seeds, the best value of a column in bold. Trains nothing.",
                      "  ablate table experiments/quickstart/experiment.json\n"
                      "  ablate table my.json --format latex --metrics bleu@test,perplexity@dev > table.tex\n"
                      "  ablate table runs --format csv");
  arguments.add_options()("file", "experiment file, or folder of runs", cxxopts::value<std::string>());
  arguments.add_options()("format", "markdown, latex, csv or json",
                          cxxopts::value<std::string>()->default_value("markdown"));
  arguments.add_options()("metrics", "columns, such as bleu@test,perplexity@dev", cxxopts::value<std::string>());
  arguments.add_options()("set", "a setting on top of every row, path=value; may be given again",
                          cxxopts::value<std::vector<std::string>>());
  arguments.add_options()("out", "folder of runs", cxxopts::value<std::string>()->default_value("runs"));
  if (!arguments.parse(words, {"file"})) return success;

  const std::string file = arguments.required("file");
  const std::string format = arguments.get<std::string>("format");
  lab::table_formats().at(format);
  const auto metrics =
      arguments.has("metrics") ? split_list(arguments.get<std::string>("metrics")) : std::vector<std::string>{};
  if (std::filesystem::is_directory(file)) {
    std::cout << lab::render(lab::folder_table(file, metrics), format);
    return success;
  }
  const auto settings =
      arguments.has("set") ? arguments.get<std::vector<std::string>>("set") : std::vector<std::string>{};
  const lab::Experiment experiment = lab::load_experiment(file, settings);
  const std::filesystem::path out = arguments.get<std::string>("out");
  const auto rows = lab::prepare(experiment, experiment.select({}), out,
                                 [](const std::string& text) { std::cerr << text << "\n"; });
  std::cout << lab::render(lab::results_table(experiment, rows, experiment.seeds, out, metrics), format);
  return success;
}

}  // namespace ablate::cli
