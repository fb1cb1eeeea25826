#pragma once
// One batch of sentence pairs as the model sees it. A plain struct: who fills it (data/) and who uses it
// (transformer/training/) know nothing of each other.
#include "transformer/core/torch.h"

namespace ablate {

/// Padding is on the right. B sentences, S = longest source, T = longest target in the batch.
struct Batch {
  Tensor source;                    ///< (B, S) int64, </s> included
  Tensor target_input;              ///< (B, T) int64, starts with <s>: what the decoder reads
  Tensor target_output;             ///< (B, T) int64, ends with </s>: what it must say
  std::int64_t source_tokens = 0;   ///< real (not padding) source tokens
  std::int64_t target_tokens = 0;   ///< real target tokens, </s> included: the unit of "per token"
  std::vector<std::int64_t> index;  ///< line number in the corpus of every row

  Batch to(at::Device device) const;
};

}  // namespace ablate
