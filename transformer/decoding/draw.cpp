#include "transformer/decoding/draw.h"

#include "transformer/decoding/step_decoder.h"

#include <algorithm>

namespace ablate {

Tensor weights_to_draw_from(const Tensor& scores, const Truncation& truncation) {
  const Tensor tempered = scores.to(at::kDouble) / truncation.temperature;
  const std::int64_t size = tempered.size(1);
  const std::int64_t kept = std::min(truncation.top_k.value_or(size), size);
  if (kept == size && truncation.top_p == 1 && truncation.min_p == 0) return at::softmax(tempered, 1);
  auto [best, tokens] = tempered.sort(/*stable=*/true, 1, /*descending=*/true);
  best.slice(1, kept, size).fill_(minus_infinity);
  Tensor weights = at::softmax(best, 1);
  const Tensor mass_before = weights.cumsum(1) - weights;
  const Tensor least = weights.slice(1, 0, 1) * truncation.min_p;
  if (truncation.top_p < 1) weights.masked_fill_(mass_before >= truncation.top_p, 0);
  if (truncation.min_p > 0) weights.masked_fill_(weights < least, 0);
  return at::zeros_like(weights).scatter_(1, tokens, weights);
}

Tensor draw_tokens(const Tensor& weights, const std::vector<double>& u) {
  const Tensor cumulative = weights.cumsum(1);
  const Tensor border = at::tensor(u, at::kDouble).unsqueeze(1).to(weights.device()) * cumulative.slice(1, -1);
  return (cumulative > border).logical_and_(weights > 0).to(at::kByte).argmax(1, /*keepdim=*/true);
}

SplitMix64 draw_stream(std::uint64_t seed, std::uint64_t sentence, std::uint64_t sample) {
  return SplitMix64(SplitMix64(seed, sentence).next(), sample);
}

}  // namespace ablate
