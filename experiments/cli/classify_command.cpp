// `ablate classify`: what a trained run says of texts, in order, a line for each.
#include "experiments/cli/command.h"
#include "experiments/cli/device.h"
#include "experiments/cli/input_lines.h"
#include "experiments/lab/interrupt.h"
#include "experiments/lab/trained_run.h"
#include "transformer/core/error.h"

#include <cstdio>
#include <iostream>

namespace ablate::cli {
namespace {

std::string four_decimals(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

}  // namespace

int classify_command(const std::vector<std::string>& words) {
  Arguments arguments(
      "classify RUN_DIR [options]",
      "Says the class of every line, or its number if the run learnt numbers, with the weights that the\n"
      "run's evaluation chooses: as many lines out as in, in order. A line is a text, or two texts with a\n"
      "tab between. With --probabilities: \"class TAB class=p TAB class=p …\", the likeliest first.",
      "  ablate classify runs/baseline.s1.0123456789abcdef --input reviews.txt\n"
      "  echo 'a moving film' | ablate classify runs/baseline.s1.0123456789abcdef --probabilities");
  arguments.add_value("run", "folder of a run", "RUN_DIR");
  arguments.add_value("input", "file of lines, plain or .gz; default: standard input", "FILE");
  arguments.add_flag("probabilities", "those of all classes, too");
  arguments.add_value("batch-tokens", "tokens in a batch", "N", "4096");
  add_device_options(arguments);
  if (!arguments.parse(words, {"run"})) return success;

  set_threads(arguments);
  const std::int64_t batch_tokens = arguments.integer("batch-tokens", 1, largest_count);
  lab::TrainedRun run(arguments.required("run"), choose_device(arguments.text("device")));
  const std::vector<std::string> lines = read_lines(arguments.text_if_given("input"));
  lab::catch_interrupts();
  const lab::Labelling labelling = run.classify(lines, batch_tokens);
  if (labelling.cut > 0) {
    std::cerr << "warning: " << labelling.cut << " lines are longer than the texts of training and were cut\n";
  }
  for (const lab::LabelledLine& line : labelling.lines) {
    if (arguments.has("probabilities") && line.probabilities.empty()) {
      throw UserError("--probabilities: the run says numbers, which have none");
    }
    std::cout << line.label;
    if (arguments.has("probabilities")) {
      for (const auto& [label, p] : line.probabilities) std::cout << "\t" << label << "=" << four_decimals(p);
    }
    std::cout << "\n";
  }
  return success;
}

}  // namespace ablate::cli
