// Models for the tests of this folder and of tests/contract, and the presets whose parameters are kept as
// golden files.
#pragma once

#include "transformer/model/transformer.h"

#include <string>
#include <utility>
#include <vector>

#include "tests/tensors.h"
#include "transformer/config/reader.h"

namespace ablate::testing {

constexpr VocabularyInfo tiny_vocabulary{.source_size = 13, .target_size = 13, .pad = 1};

/// Reads a model section on top of `base`; a problem fails the test.
inline ModelConfig read_model(const std::string& text, const std::string& base = "{}") {
  config::Document document;
  document.add({config::expand_dotted(config::parse_json(base, "base"), "base"), "base"});
  document.add({config::expand_dotted(config::parse_json(text, "model"), "model"), "model"});
  config::Problems problems;
  ModelConfig model;
  config::Reader(document, problems).read(model);
  problems.throw_if_any();
  return model;
}

/// Two layers on each side, widths that differ wherever they may, no dropout.
inline const char* const tiny_model = R"({"d_model": 8, "max_length": 32, "dropout": 0, "attention.heads": 4,
    "feed_forward.d_ff": 6, "encoder.layers": 2, "decoder.layers": 2})";

inline ModelConfig tiny(const std::string& text = "{}") { return read_model(text, tiny_model); }

/// A model whose parameters are all random, biases and gains included: what is wrongly left out shows.
inline std::shared_ptr<Transformer> make_tiny(const ModelConfig& config, at::ScalarType dtype = at::kDouble,
                                              std::uint64_t seed = 1,
                                              const VocabularyInfo& vocabulary = tiny_vocabulary) {
  ParameterFactory factory(at::kCPU, dtype);
  auto model = std::make_shared<Transformer>(config, vocabulary, factory);
  randomize(*model, seed, 0.3);
  model->eval();
  return model;
}

}  // namespace ablate::testing
