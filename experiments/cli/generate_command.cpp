// `ablate generate`: a trained language model goes on with text.
#include "experiments/cli/command.h"
#include "experiments/cli/device.h"
#include "experiments/cli/input_lines.h"
#include "experiments/lab/trained_run.h"
#include "transformer/core/error.h"

#include <iostream>
#include <limits>

namespace ablate::cli {
namespace {

std::vector<std::string> read_prompts(const Arguments& arguments) {
  if (arguments.has("prompt") && arguments.has("input")) throw UserError("give --prompt or --input, not both");
  if (arguments.has("input")) return read_lines(arguments.text("input"));
  if (arguments.has("prompt")) return arguments.texts("prompt");
  return {""};
}

GenerationConfig read_generation(const Arguments& arguments) {
  GenerationConfig config;
  config.tokens = arguments.integer("tokens", 1, largest_count);
  config.temperature = arguments.number("temperature");
  if (arguments.has("top-k")) config.top_k = arguments.integer("top-k", 1, largest_count);
  config.top_p = arguments.number("top-p");
  config.min_p = arguments.number("min-p");
  config.repetition_penalty = arguments.number("repetition-penalty");
  lab::check_generation(config);
  if (config.temperature == 0) {
    for (const char* option : {"seed", "samples"}) {
      if (arguments.has(option)) throw UserError(std::string("--") + option + ": has no effect with --temperature 0");
    }
  }
  return config;
}

}  // namespace

int generate_command(const std::vector<std::string>& words) {
  Arguments arguments(
      "generate RUN_DIR [options]",
      "Goes on with a text, or begins one, with the weights that the run's evaluation chooses. Prints the prompt and\n"
      "what follows it; several texts are set apart by a line '---'. The same seed gives the same texts. A run of the\n"
      "objective prefix_lm sees the prompt from both sides.",
      "  ablate generate runs/baseline.s1.0123456789abcdef --prompt 'ROMEO:' --tokens 300\n"
      "  ablate generate runs/baseline.s1.0123456789abcdef --prompt 'Once upon a time' --top-p 0.9 --samples 3");
  arguments.add_value("run", "folder of a run", "RUN_DIR");
  arguments.add_list("prompt", "what the text begins with; may be given again (default: nothing)", "TEXT");
  arguments.add_value("input", "file of prompts, one a line, plain or .gz", "FILE");
  arguments.add_value("tokens", "most tokens behind the prompt", "N", "200");
  arguments.add_value("temperature", "divides the scores; 0: the likeliest token", "T", "1");
  arguments.add_value("top-k", "draw among the k likeliest tokens", "K");
  arguments.add_value("top-p", "draw among the fewest tokens that together have this probability", "P", "1");
  arguments.add_value("min-p", "draw among tokens with at least this share of the likeliest one's probability", "P",
                      "0");
  arguments.add_value("repetition-penalty", "above 1: tokens of the text become less likely", "X", "1");
  arguments.add_value("samples", "texts for each prompt", "N", "1");
  arguments.add_value("seed", "decides every draw", "N", "1");
  add_device_options(arguments);
  if (!arguments.parse(words, {"run"})) return success;

  set_threads(arguments);
  const GenerationConfig config = read_generation(arguments);
  const auto seed = static_cast<std::uint64_t>(arguments.integer("seed", 0, std::numeric_limits<std::int64_t>::max()));
  const auto samples = static_cast<std::size_t>(arguments.integer("samples", 1, largest_count));
  const std::vector<std::string> prompts = read_prompts(arguments);
  lab::TrainedRun run(arguments.required("run"), choose_device(arguments.text("device")));
  const std::vector<std::string> texts = run.generate(prompts, config, seed, samples);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) std::cout << "---\n";
    std::cout << prompts[i / samples] << texts[i] << "\n";
  }
  return success;
}

}  // namespace ablate::cli
