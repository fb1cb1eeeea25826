// Small random models of the Python library transformers with what goes into them and what comes out, as
// scripts/reference/hugging_face.py wrote them to tests/golden/hugging_face.
#pragma once

#include <zlib.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "experiments/lab/hugging_face/conversion.h"
#include "tests/temporary_folder.h"
#include "tests/tensors.h"
#include "transformer/training/checkpoint.h"
#include "transformer/training/safetensors.h"

namespace ablate::testing {

namespace hf = lab::hugging_face;
using hf::NamedTensors;

struct Golden {
  std::string name;
  Json config;
  NamedTensors tensors;

  const Tensor& at(const std::string& key) const { return tensors.at(key); }
  /// "weight." or "gradient.": the tensors of the model, by their published names.
  NamedTensors of(const std::string& prefix) const {
    NamedTensors found;
    for (const auto& [key, tensor] : tensors) {
      if (key.starts_with(prefix)) found[key.substr(prefix.size())] = tensor;
    }
    return found;
  }
  NamedTensors weights() const { return of("weight."); }
  bool has_encoder() const { return tensors.contains("decoder_input_ids"); }
  /// An encoder by itself goes on with no text.
  bool is_encoder_alone() const { return !tensors.contains("generated"); }
  Tensor token_types() const { return tensors.contains("token_type_ids") ? at("token_type_ids") : Tensor(); }
};

inline std::filesystem::path golden_folder() {
  return std::filesystem::path(ABLATE_SOURCE_DIR) / "tests" / "golden" / "hugging_face";
}

inline Golden read_golden(const std::string& name) {
  const std::filesystem::path file = golden_folder() / (name + ".safetensors.gz");
  const gzFile in = gzopen(file.c_str(), "rb");
  if (in == nullptr) throw std::runtime_error("cannot open " + file.string());
  std::string bytes, buffer(1 << 16, '\0');
  for (int count; (count = gzread(in, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0;) {
    bytes.append(buffer, 0, static_cast<std::size_t>(count));
  }
  gzclose(in);
  const TemporaryFolder folder;
  TensorFile content = read_tensors(folder.write("golden.safetensors", bytes));
  return {name, Json::parse(content.metadata.at("config")), std::move(content.tensors)};
}

inline std::vector<std::string> golden_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(golden_folder())) {
    const std::string name = entry.path().filename().string();
    names.push_back(name.substr(0, name.find('.')));
  }
  std::ranges::sort(names);
  return names;
}

inline hf::ImportedConfig import_config(const Golden& golden) {
  const hf::Architecture& row = hf::architecture(golden.config.at("model_type").get<std::string>(), golden.name);
  return hf::import_config(golden.config, golden.name, hf::has_own_output(row, golden.weights()));
}

inline std::shared_ptr<Transformer> import_model(const Golden& golden, at::ScalarType dtype) {
  const hf::ImportedConfig imported = import_config(golden);
  ParameterFactory factory(at::kCPU, dtype);
  auto model =
      std::make_shared<Transformer>(imported.model, hf::vocabulary_of(imported.model, imported.symbols), factory);
  load_weights(*model, hf::import_tensors(*imported.architecture, imported.model, golden.weights(), golden.name, dtype),
               golden.name);
  model->eval();
  return model;
}

/// The folder that transformers would have saved.
inline void write_model(const Golden& golden, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "config.json") << golden.config.dump(2);
  write_tensors(folder / "model.safetensors", {golden.weights(), {}});
}

/// A file for verify(): input and output alone.
inline void write_sample(const Golden& golden, const std::filesystem::path& file) {
  NamedTensors sample;
  for (const char* key :
       {"input_ids", "attention_mask", "token_type_ids", "decoder_input_ids", "decoder_attention_mask", "logits",
        "pooler_output", "last_hidden_state", "encoder_last_hidden_state"}) {
    if (golden.tensors.contains(key)) sample[key] = golden.at(key);
  }
  for (const auto& [key, tensor] : golden.tensors) {
    if (key.starts_with("hidden_states.") || key.starts_with("encoder_hidden_states.")) sample[key] = tensor;
  }
  write_tensors(file, {sample, {}});
}

}  // namespace ablate::testing
