#pragma once
// The attention weights of one sentence pair, every layer and head, from the plain formula.
#include "data/tokenizers/tokenizer.h"
#include "transformer/model/transformer.h"

namespace ablate::lab {

struct AttentionMap {
  std::string kind;  ///< "encoder", "decoder" (self-attention) or "cross"
  std::int64_t layer = 0;
  std::vector<std::string> queries, keys;  ///< pieces of the vocabularies
  Tensor weights_HTS;                      ///< (heads, queries, keys), each row sums to 1; on the CPU
};

/// The source ends with </s>; the target is read with teacher forcing, from <s> on. Longer sentences than the model's
/// are cut.
std::vector<AttentionMap> attention_maps(Transformer& model, const data::Tokenizer& source_tokenizer,
                                         const data::Tokenizer& target_tokenizer, const std::string& source,
                                         const std::string& target);

}  // namespace ablate::lab
