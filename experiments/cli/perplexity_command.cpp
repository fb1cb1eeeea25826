// `ablate perplexity`: how likely a trained language model finds text.
#include "experiments/cli/command.h"
#include "experiments/cli/device.h"
#include "experiments/cli/input_lines.h"
#include "experiments/lab/interrupt.h"
#include "experiments/lab/trained_run.h"
#include "experiments/metrics/perplexity.h"

#include <cstdio>
#include <iostream>

namespace ablate::cli {
namespace {

std::string decimals(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

/// A text of a single token has none that another stands before: it costs nothing.
std::string line_of(const lab::TextLikelihood& found) {
  const double perplexity = found.tokens == 0 ? 1 : metrics::perplexity(found.nats, found.tokens);
  return decimals(found.nats) + "\t" + std::to_string(found.tokens) + "\t" + decimals(perplexity);
}

}  // namespace

int perplexity_command(const std::vector<std::string>& words) {
  Arguments arguments(
      "perplexity RUN_DIR [options]",
      "How likely a trained language model finds text: for every line of the input \"nats TAB tokens TAB perplexity\"\n"
      "and, on standard error, the same of all of them. Lines are texts of their own; with --whole the input is one\n"
      "text, line ends included. Read in windows as the run was evaluated. Of a run of the objective prefix_lm the\n"
      "tokens are those behind a prefix of each window, which the number of the line and the window's place decide.",
      "  ablate perplexity runs/baseline.s1.0123456789abcdef --input text.txt --whole\n"
      "  echo 'To be, or not to be' | ablate perplexity runs/baseline.s1.0123456789abcdef");
  arguments.add_value("run", "folder of a run", "RUN_DIR");
  arguments.add_value("input", "file of text, plain or .gz; default: standard input", "FILE");
  arguments.add_flag("whole", "the input is one text");
  add_device_options(arguments);
  if (!arguments.parse(words, {"run"})) return success;

  set_threads(arguments);
  lab::TrainedRun run(arguments.required("run"), choose_device(arguments.text("device")));
  std::vector<std::string> texts = read_lines(arguments.text_if_given("input"));
  if (arguments.has("whole")) {
    std::string all;
    for (const std::string& line : texts) all += line + "\n";
    texts = {all};
  }
  lab::catch_interrupts();
  lab::TextLikelihood sum;
  for (const lab::TextLikelihood& found : run.likelihood(texts)) {
    std::cout << line_of(found) << "\n";
    sum.nats += found.nats;
    sum.tokens += found.tokens;
    sum.characters += found.characters;
    sum.bytes += found.bytes;
  }
  std::cerr << "all: " << line_of(sum) << "\n";
  const auto per = [&](const char* unit, std::int64_t count) {
    if (count > 0) std::cerr << "bits per " << unit << ": " << decimals(metrics::bits(sum.nats, count)) << "\n";
  };
  per("character", sum.characters);
  per("byte", sum.bytes);
  return success;
}

}  // namespace ablate::cli
