#pragma once
// A folder as `transformers` writes it: config.json and safetensors, in one file or in several with an index.
#include "experiments/lab/hugging_face/conversion.h"

#include <filesystem>

namespace ablate::lab::hugging_face {

struct ModelFolder {
  std::filesystem::path path;
  Json config;
  std::string config_sha256;
  NamedTensors tensors;  ///< they lie in the files, see map_tensors()
};

/// UserError for a folder that is none, weights in another format, and files that contradict their index.
ModelFolder read_model_folder(const std::filesystem::path& path);

/// Creates the folder; UserError if there is a model in it already.
void write_model_folder(const std::filesystem::path& path, const Json& config, const NamedTensors& tensors);

}  // namespace ablate::lab::hugging_face
