#pragma once
// The attention weights of one sentence pair, or of one text, every layer and head, from the plain formula.
#include "data/objective_symbols.h"
#include "transformer/model/transformer.h"

#include <limits>
#include <optional>

namespace ablate::lab {

struct AttentionMap {
  std::string kind;  ///< "encoder", "decoder" (self-attention) or "cross"
  std::int64_t layer = 0;
  std::vector<std::string> queries, keys;  ///< pieces of the vocabularies
  Tensor weights_HTS;                      ///< (heads, queries, keys), each row sums to 1; on the CPU
};

/// The source ends with </s>; the target is read with teacher forcing, from <s> on. A model without an encoder reads
/// the target alone, from `first` on if it is given; one without a decoder the source alone, a text or two with a tab
/// between, from `first` to </s>. A model that reads prefixes sees all of the text from both sides. Longer sentences
/// than `most` tokens or than the model reads are cut.
struct AttendedSentence {
  std::string source, target;
  std::optional<std::int64_t> first{};
  bool ends = true;  ///< </s> behind what an encoder by itself reads
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  data::Marks marks{};  ///< that both sides may hold
};
std::vector<AttentionMap> attention_maps(Transformer& model, const data::Tokenizer& source_tokenizer,
                                         const data::Tokenizer& target_tokenizer, const AttendedSentence& sentence);

}  // namespace ablate::lab
