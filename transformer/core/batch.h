#pragma once
// One batch as the model sees it: pairs of sentences; pieces of running text, which have no source; or texts, whole or
// with tokens hidden, which an encoder reads alone, so that there is no target to read. A plain struct: who fills it
// (data/) and who uses it (transformer/training/) know nothing of each other.
#include "transformer/core/torch.h"

namespace ablate {

/// Stands in `target_output` where nothing is to be said: padding, and tokens that are context alone.
inline constexpr std::int64_t no_target = -1;

/// Padding is on the right. B rows, S = longest source, T = longest target in the batch.
struct Batch {
  Tensor source;                    ///< (B, S) int64, </s> included; undefined where there is none
  Tensor source_types;              ///< (B, S) int64: to which of two texts a token belongs, 0 or 1; else undefined
  Tensor target_input;              ///< (B, T) int64: what the decoder reads; of a pair it starts with <s>
  Tensor target_output;             ///< (B, T) int64: what it must say; of a pair it ends with </s>; an encoder alone
                                    ///< says the hidden tokens (B, S), or the class of each text (B, 1)
  Tensor values;                    ///< (B, 1) float: the number of each text, where that is what is learnt
  Tensor prefix;                    ///< (B) int64: so many cells at the beginning of a row of target_input are seen
                                    ///< from all of that row; undefined where a token sees those before it alone
  std::int64_t source_tokens = 0;   ///< real (not padding) source tokens
  std::int64_t target_tokens = 0;   ///< tokens that are to be said, </s> included: the unit of "per token"
  std::vector<std::int64_t> index;  ///< number in the corpus of every row: of its pair, or of its first token

  Batch to(at::Device device) const;
};

}  // namespace ablate
