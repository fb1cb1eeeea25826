#pragma once
// What is done to text before it is cut: the `normalizer` of a `tokenizer.json`.
#include <memory>
#include <string>

#include "data/tokenizers/pipeline/json_part.h"

namespace ablate::data {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  /// Text and result are valid UTF-8.
  virtual std::string normalize(std::string text) const = 0;
};

/// Supported types: NFC, NFD, Lowercase, StripAccents, BertNormalizer, and Sequence of these. Throws UserError that
/// names the part for all others.
std::unique_ptr<Normalizer> read_normalizer(const JsonPart& part);

}  // namespace ablate::data
