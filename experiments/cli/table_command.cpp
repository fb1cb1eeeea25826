// `ablate table`: the table of an experiment, or of whatever runs lie in a folder, without training.
#include "experiments/cli/command.h"
#include "experiments/lab/render/render.h"
#include "experiments/lab/results_table.h"

#include <iostream>

namespace ablate::cli {

int table_command(const std::vector<std::string>& words) {
  Arguments arguments("table FILE.json|DIR [options]",
                      "Prints the table of an experiment's runs, or of the runs in a folder: mean ± sample standard\n"
                      "deviation over seeds, the best value of a column in bold. Trains no model. The runs of an\n"
                      "experiment are found by the content of its data, which is read again where its cache is gone.",
                      "  ablate table experiments/quickstart/experiment.json\n"
                      "  ablate table my.json --format latex --metrics bleu@test,perplexity@dev > table.tex\n"
                      "  ablate table runs --format csv");
  arguments.add_value("file", "experiment file, or folder of runs", "FILE|DIR");
  arguments.add_value("format", "markdown, latex, html, csv or json", "FORMAT", "markdown");
  arguments.add_value("metrics", "columns, such as bleu@test,perplexity@dev", "LIST");
  arguments.add_list("set", "a setting on top of every row; may be given again", "path=value");
  arguments.add_value("out", "folder of runs", "DIR", "runs");
  if (!arguments.parse(words, {"file"})) return success;

  const std::string file = arguments.required("file");
  const std::string format = arguments.text("format");
  lab::table_formats().at(format);
  const std::vector<std::string> metrics = split_list(arguments.text_if_given("metrics").value_or(""));
  if (std::filesystem::is_directory(file)) {
    std::cout << lab::render(lab::folder_table(file, metrics), format);
    return success;
  }
  const lab::Experiment experiment = lab::load_experiment(file, arguments.texts("set"));
  const std::filesystem::path out = arguments.text("out");
  const auto rows = lab::prepare(experiment, experiment.select({}), out, std::nullopt,
                                 [](const std::string& text) { std::cerr << text << "\n"; });
  std::cout << lab::printed_results(experiment, rows, experiment.seeds, out, metrics, format);
  return success;
}

}  // namespace ablate::cli
