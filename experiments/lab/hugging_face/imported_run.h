#pragma once
// The way from the folder of a published model to the folder of a run, which the other commands read, and back.
#include "experiments/lab/hugging_face/conversion.h"

#include <filesystem>

namespace ablate::lab::hugging_face {

struct ImportSummary {
  std::string architecture;
  std::int64_t parameters = 0;
  std::vector<std::string> notes;  ///< sentences: which tokenizer there is, what has no effect
};

/// Writes the folder of a finished run that was not trained. UserError if `run` holds one already.
ImportSummary import_model(const std::filesystem::path& from, const std::filesystem::path& run);

struct ExportSummary {
  std::string architecture, model_class;
  std::int64_t tensors = 0;
};

/// Writes a run's model, with the weights that its evaluation chooses, as a folder that `transformers` loads.
/// `architecture`: of a run that was not imported, see architectures().
ExportSummary export_run(const std::filesystem::path& run, const std::filesystem::path& out,
                         const std::optional<std::string>& architecture);

}  // namespace ablate::lab::hugging_face
