// `ablate translate`: lines through a trained run, in order, as many out as in.
#include "experiments/cli/command.h"
#include "experiments/cli/device.h"
#include "experiments/cli/input_lines.h"
#include "experiments/lab/interrupt.h"
#include "experiments/lab/trained_run.h"
#include "transformer/core/error.h"

#include <iostream>
#include <limits>

namespace ablate::cli {
namespace {

void print_hypotheses(const lab::Translation& translation, std::int64_t n_best) {
  for (const lab::TranslatedLine& line : translation.lines) {
    if (n_best <= 1) {
      std::cout << (line.hypotheses.empty() ? "" : line.hypotheses.front().text) << "\n";
      continue;
    }
    // One block per line: score, tab, text. An empty line keeps its place as an empty block.
    for (const lab::TranslatedHypothesis& hypothesis : line.hypotheses) {
      std::cout << hypothesis.score << "\t" << hypothesis.text << "\n";
    }
    std::cout << "\n";
  }
}

}  // namespace

int translate_command(const std::vector<std::string>& words) {
  Arguments arguments(
      "translate RUN_DIR [options]",
      "Translates lines with the weights that the run's evaluation chooses: as many lines out as in, in\n"
      "order; empty lines stay empty. With --n-best K: for every line K lines \"score TAB text\" and an\n"
      "empty line. A run of the objective span_corruption fills gaps that lines have as <extra_id_0>, <extra_id_1>\n"
      "and so on; one of denoising restores lines, in which <mask> may stand.",
      "  ablate translate runs/swiglu.s1.0123456789abcdef --input text.en > text.de\n"
      "  echo 'a man rides a horse .' | ablate translate runs/swiglu.s1.0123456789abcdef --beam 8 --n-best 3");
  arguments.add_value("run", "folder of a run", "RUN_DIR");
  arguments.add_value("input", "file of lines, plain or .gz; default: standard input", "FILE");
  arguments.add_value("beam", "beam size instead of the run's decoding; 1: greedy", "N");
  arguments.add_value("n-best", "hypotheses per line", "K");
  arguments.add_value("batch-tokens", "source tokens in a batch", "N", "4096");
  arguments.add_value("seed", "for sampling", "N", "1");
  add_device_options(arguments);
  if (!arguments.parse(words, {"run"})) return success;

  set_threads(arguments);
  const std::int64_t batch_tokens = arguments.integer("batch-tokens", 1, largest_count);
  lab::TrainedRun run(arguments.required("run"), choose_device(arguments.text("device")));
  const auto seed = static_cast<std::uint64_t>(arguments.integer("seed", 0, std::numeric_limits<std::int64_t>::max()));
  lab::TranslationOptions options{run.decoding(), batch_tokens, seed};
  if (arguments.has("beam")) {
    options.decoding.kind = "beam";
    options.decoding.beam = arguments.integer("beam", 1, largest_count);
  }
  if (arguments.has("n-best")) {
    options.decoding.n_best = arguments.integer("n-best", 1, largest_count);
    if (options.decoding.kind == "greedy" && options.decoding.n_best > 1) {
      throw UserError("--n-best: greedy search finds one hypothesis for a line: give --beam too");
    }
  }
  lab::check_decoding(options.decoding);
  if (arguments.has("seed") && options.decoding.kind != "sampling") {
    throw UserError("--seed: has no effect: the run's decoding is '" + options.decoding.kind + "', not sampling");
  }

  const std::vector<std::string> lines = read_lines(arguments.text_if_given("input"));
  lab::catch_interrupts();
  const lab::Translation translation = run.translate(lines, options);
  if (translation.cut > 0) {
    std::cerr << "warning: " << translation.cut << " lines are longer than the model's maximum and were cut\n";
  }
  print_hypotheses(translation, options.decoding.n_best);
  return success;
}

}  // namespace ablate::cli
