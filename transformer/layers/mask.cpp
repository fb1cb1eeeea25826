#include "transformer/layers/mask.h"

namespace ablate {

AttentionMask key_mask(const Tensor& real) {
  if (real.device().is_meta()) return {};
  // On an accelerator the question "is anything padded?" would stop the queue: there the mask is always made.
  if (real.device().is_cpu() && real.all().item<bool>()) return {};
  return {real.unsqueeze(1).unsqueeze(2), false};
}

AttentionMask padding_mask(const Tensor& tokens, std::int64_t pad) { return key_mask(tokens.ne(pad)); }

AttentionMask causal_mask() { return {{}, true}; }

Tensor explicit_mask(const AttentionMask& mask, std::int64_t first, std::int64_t queries, std::int64_t keys,
                     at::Device device) {
  if (!mask.causal || queries == 1) return mask.keys;
  Tensor before = at::ones({queries, keys}, at::TensorOptions().dtype(at::kBool).device(device)).tril(first);
  if (mask.prefix.defined()) {
    const Tensor key = at::arange(keys, mask.prefix.options());
    before = before.logical_or(key.lt(mask.prefix.view({-1, 1, 1, 1})));  // (B, 1, T, S)
  }
  return mask.keys.defined() ? before.logical_and(mask.keys) : before;
}

Tensor window_mask(std::int64_t window, std::int64_t first, std::int64_t queries, std::int64_t keys,
                   at::Device device) {
  const Tensor all = at::ones({queries, keys}, at::TensorOptions().dtype(at::kBool).device(device));
  return all.tril(first + window - 1).triu_(first - window + 1);
}

}  // namespace ablate
