#pragma once
// A published model's description and weights as ours, and ours as published ones, by the rows of its architecture.
#include "experiments/lab/hugging_face/architecture.h"
#include "transformer/model/transformer.h"

#include <map>
#include <optional>

namespace ablate::lab::hugging_face {

/// Ids of the tokens that stand for no word, as far as config.json names them.
struct Symbols {
  std::optional<std::int64_t> start{};  ///< what a target begins with; of a model without a source what text does
  std::optional<std::int64_t> end{};
  std::optional<std::int64_t> pad{};
};

struct ImportedConfig {
  const Architecture* architecture;
  ModelConfig model;
  Symbols symbols;
  std::vector<std::string> notes;  ///< what was read and has no effect here
};

/// `where` names the file. UserError with every key and value that is not supported.
ImportedConfig import_config(const Json& published, const std::string& where, bool has_own_output);

/// The inverse: a config.json. UserError that names the settings which such a model cannot have.
Json export_config(const Architecture& architecture, const ModelConfig& model, const Symbols& symbols);

using NamedTensors = std::map<std::string, Tensor>;

/// Sizes as a model without tokenizers has them; of one that says no words, the target's are its classes, or 1.
VocabularyInfo vocabulary_of(const ModelConfig& model, const Symbols& symbols);

/// Whether the file's output matrix is there and is not the input's.
bool has_own_output(const Architecture& architecture, const NamedTensors& published);

/// Published tensors under our names, in `dtype`. UserError `where: …` with every tensor that is missing, left over or
/// of a wrong shape, and every repeated one that differs from what it repeats. `notes`: gets a sentence on tensors of
/// other heads.
NamedTensors import_tensors(const Architecture& architecture, const ModelConfig& model, const NamedTensors& published,
                            const std::string& where, at::ScalarType dtype = at::kFloat,
                            std::vector<std::string>* notes = nullptr);

/// The inverse. What models share is written once, and the base class's own names go without the prefix.
NamedTensors export_tensors(const Architecture& architecture, const ModelConfig& model, const NamedTensors& ours);

}  // namespace ablate::lab::hugging_face
