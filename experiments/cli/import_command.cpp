// `ablate import`: a published model as a run.
#include "experiments/cli/command.h"
#include "experiments/cli/device.h"
#include "experiments/lab/hugging_face/imported_run.h"
#include "experiments/lab/hugging_face/verification.h"
#include "experiments/lab/trained_run.h"
#include "transformer/core/error.h"

#include <cstdio>
#include <iostream>

namespace ablate::cli {
namespace {

/// Prints what differs; whether nothing differs by more than `tolerance`.
bool is_verified(const std::string& run_folder, at::Device device, const std::string& file, double tolerance) {
  lab::TrainedRun run(run_folder, device);
  bool fits = true;
  for (const auto& difference : lab::hugging_face::verify(run.model(), file)) {
    char text[160];
    std::snprintf(text, sizeof text,
                  "%s: largest difference %.3g, as a share of the largest value %.3g, %lld positions\n",
                  difference.name.c_str(), difference.absolute, difference.relative,
                  static_cast<long long>(difference.positions));
    std::cout << text;
    fits = fits && difference.absolute <= tolerance;
  }
  return fits;
}

}  // namespace

int import_command(const std::vector<std::string>& words) {
  Arguments arguments(
      "import DIR --out RUN_DIR [options]",
      "Makes a run of a published model: a folder with config.json and *.safetensors as the Python library\n"
      "transformers writes it. What is not supported is an error that names it. `generate`, `perplexity`, "
      "`translate`,\n"
      "`classify` and `inspect` read the run if a tokenizer came with the model. --verify runs it on the file's\n"
      "input_ids (attention_mask, token_type_ids, decoder_input_ids, decoder_attention_mask) and compares with its\n"
      "logits, last_hidden_state, pooler_output, or hidden_states.0, .1, … of every layer.",
      "  ablate import models/gpt2 --out runs/gpt2\n"
      "  ablate import models/t5-small --out runs/t5 --verify sample.safetensors");
  arguments.add_value("model", "folder of a published model", "DIR");
  arguments.add_value("out", "folder of the run, which is made", "RUN_DIR");
  arguments.add_value("verify", "file of inputs and outputs of the model", "FILE");
  arguments.add_value("tolerance", "largest absolute difference that --verify passes; else the exit status is 1", "X",
                      "1e-4");
  add_device_options(arguments);
  if (!arguments.parse(words, {"model"})) return success;

  set_threads(arguments);
  const std::string model = arguments.required("model");
  const std::optional<std::string> out = arguments.text_if_given("out");
  if (!out) throw UserError("--out: say where the run is to be");
  const double tolerance = arguments.number("tolerance");
  if (tolerance < 0) throw UserError("--tolerance: must be at least 0");
  const at::Device device = choose_device(arguments.text("device"));
  const lab::hugging_face::ImportSummary summary = lab::hugging_face::import_model(model, *out);
  std::cerr << *out << ": " << summary.architecture << ", " << summary.parameters << " parameters\n";
  for (const std::string& note : summary.notes) std::cerr << note << "\n";
  const std::optional<std::string> sample = arguments.text_if_given("verify");
  if (!sample || is_verified(*out, device, *sample, tolerance)) return success;
  std::cerr << "ablate: " << *sample << ": the model's output differs by more than " << arguments.text("tolerance")
            << "\n";
  return failed;
}

}  // namespace ablate::cli
