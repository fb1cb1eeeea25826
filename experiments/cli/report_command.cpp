// `ablate report`: an experiment as one HTML file that opens without a network.
#include "experiments/cli/command.h"
#include "experiments/cli/device.h"
#include "experiments/lab/report_data.h"
#include "experiments/lab/report_page.h"
#include "experiments/lab/text.h"
#include "transformer/core/atomic_file.h"
#include "transformer/core/error.h"

#include <iostream>

namespace ablate::cli {
namespace {

std::string repeat_command(const Arguments& arguments) {
  std::vector<std::string> words = {"ablate", "run", arguments.text("file"), "--out", arguments.text("out")};
  for (const std::string& setting : arguments.texts("set")) words.insert(words.end(), {"--set", setting});
  return lab::shell_words(words);
}

}  // namespace

int report_command(const std::vector<std::string>& words) {
  Arguments arguments("report FILE.json [options]",
                      "Writes everything that is known of an experiment into one HTML file: the table, learning "
                      "curves, differences to\n"
                      "the baseline, outputs side by side, attention maps, and what is needed to repeat it. It opens "
                      "without a network.\n"
                      "Trains nothing: what is not measured yet is left out.",
                      "  ablate report experiments/quickstart/experiment.json --output report.html\n"
                      "  ablate report my.json --json > report.json    # the data alone, for scripts/plot");
  arguments.add_value("file", "experiment file", "FILE");
  arguments.add_value("output", "the file to write; default: the experiment's name with .html, here", "FILE");
  arguments.add_flag("json", "print the data instead of writing the page");
  arguments.add_list("set", "a setting on top of every row; may be given again", "path=value");
  arguments.add_value("out", "folder of runs", "DIR", "runs");
  arguments.add_value("samples", "sentences of each split whose outputs stand side by side", "N", "20");
  arguments.add_value("attention", "sentences of the first evaluated split whose attention is shown, numbered from 0",
                      "1,2");
  arguments.add_value("charts", "a plotly.min.js instead of the one that scripts/setup fetched", "FILE");
  add_device_options(arguments);
  if (!arguments.parse(words, {"file"})) return success;
  for (const char* option : {"output", "charts"}) {
    if (!arguments.has("json") || !arguments.has(option)) continue;
    throw UserError(std::string("--") + option + ": has no effect with --json");
  }
  set_threads(arguments);
  const std::string file = arguments.required("file");
  lab::ReportOptions options;
  options.out = arguments.text("out");
  options.command = repeat_command(arguments);
  options.samples = arguments.integer("samples", 0, 1000);
  options.device = choose_device(arguments.text("device"));
  for (const std::string& text : split_list(arguments.text_if_given("attention").value_or(""))) {
    const std::int64_t number = to_integer(text).value_or(-1);
    if (number < 0) throw UserError("--attention: '" + text + "' is no sentence: 0, 1, 2, …");
    options.attention.push_back(number);
  }
  // Before anything is computed: without it there is no page.
  const std::string charts =
      arguments.has("json") ? "" : lab::chart_library(arguments.text_if_given("charts").value_or(""));
  const lab::Experiment experiment = lab::load_experiment(file, arguments.texts("set"));
  const auto rows = lab::prepare(experiment, experiment.select({}), options.out, std::nullopt,
                                 [](const std::string& text) { std::cerr << text << "\n"; });
  const Json data = lab::report_data(experiment, rows, experiment.seeds, options);
  if (arguments.has("json")) {
    std::cout << data.dump(1, ' ', false, Json::error_handler_t::replace) << "\n";
    return success;
  }
  const std::filesystem::path page =
      arguments.text_if_given("output").value_or(std::filesystem::path(file).stem().string() + ".html");
  write_file_atomically(page, lab::report_page(data, charts));
  std::cerr << "written: " << page.string() << "\n";
  return success;
}

}  // namespace ablate::cli
