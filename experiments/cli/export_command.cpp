// `ablate export`: a run as a published model.
#include "experiments/cli/command.h"
#include "experiments/lab/hugging_face/imported_run.h"
#include "transformer/core/error.h"

#include <iostream>

namespace ablate::cli {

int export_command(const std::vector<std::string>& words) {
  Arguments arguments(
      "export RUN_DIR --out DIR [options]",
      "Writes a run's model as a folder that the Python library transformers loads: config.json, model.safetensors,\n"
      "with the weights that the run is evaluated with. A model that the published form cannot express is an error.",
      "  ablate export runs/gpt2 --out exported/gpt2\n"
      "  ablate export runs/baseline.s1.0123456789abcdef --architecture llama --out exported/llama");
  arguments.add_value("run", "folder of a run", "RUN_DIR");
  arguments.add_value("out", "folder of the model, which is made", "DIR");
  arguments.add_value("architecture", "the published form, such as gpt2 or llama; default: that of the import", "NAME");
  if (!arguments.parse(words, {"run"})) return success;

  const std::string run = arguments.required("run");
  const std::optional<std::string> out = arguments.text_if_given("out");
  if (!out) throw UserError("--out: say where the model is to be");
  const auto summary = lab::hugging_face::export_run(run, *out, arguments.text_if_given("architecture"));
  std::cerr << *out << ": " << summary.model_class << ", " << summary.tensors << " tensors\n";
  return success;
}

}  // namespace ablate::cli
