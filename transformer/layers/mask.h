#pragma once
// Who may look at whom. What is padding is found once per batch and shared by every layer; causality is a flag, which
// the fused kernel takes as it is.
#include "transformer/core/torch.h"

namespace ablate {

/// A query may attend to key j if the key is not padding and, in a causal mask, does not stand after the query; or if
/// it is among the first `prefix` keys of its row, which all queries see (Raffel et al. 2020, section 3.2.1, figure 3).
struct AttentionMask {
  Tensor keys;  ///< (B, 1, 1, S) bool, true = a real token; undefined where nothing is padded
  bool causal = false;
  Tensor prefix{};  ///< (B) int64, of a causal mask; undefined where there is none
};

/// The same from what is said to be real, (B, S) bool. Undefined keys, and so a faster kernel, where everything is.
AttentionMask key_mask(const Tensor& real);

/// From token ids (B, S): everything but `pad`.
AttentionMask padding_mask(const Tensor& tokens, std::int64_t pad);

/// Our batches are padded on the right, so a real query never sees a padded key: causality is mask enough. Who pads
/// elsewhere adds the keys of key_mask(); a query that is padding itself may then see none.
AttentionMask causal_mask();

/// The mask as one boolean tensor that broadcasts to (B, H, T, S), for queries first … first + T - 1;
/// undefined if everything is allowed.
Tensor explicit_mask(const AttentionMask& mask, std::int64_t first, std::int64_t queries, std::int64_t keys,
                     at::Device device);

/// True for keys less than `window` positions from the query, on either side, itself among them: (T, S) for queries
/// first … first + T - 1 and keys 0 … S - 1.
Tensor window_mask(std::int64_t window, std::int64_t first, std::int64_t queries, std::int64_t keys, at::Device device);

}  // namespace ablate
