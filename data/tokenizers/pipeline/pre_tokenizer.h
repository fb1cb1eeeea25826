#pragma once
// Where text is cut into words before a model of subwords sees it: the `pre_tokenizer` of a `tokenizer.json`.
#include <memory>
#include <string>
#include <vector>

#include "data/tokenizers/pipeline/json_part.h"

namespace ablate::data {

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  /// Cuts every word further, or rewrites it. Words are valid UTF-8 and not empty, before and after.
  virtual void apply(std::vector<std::string>& words) const = 0;
};

/// Supported types: ByteLevel, Split with the patterns of published models, BertPreTokenizer, Punctuation, Digits, and
/// Sequence of these. Throws UserError that names the part for all others.
std::unique_ptr<PreTokenizer> read_pre_tokenizer(const JsonPart& part);

}  // namespace ablate::data
