#pragma once
// What a token is drawn from, and the draw: the same token for the same number on every device.
#include "transformer/core/random.h"
#include "transformer/core/torch.h"

namespace ablate {

/// How the distribution of the next token is bent before a token is drawn, in this order.
struct Truncation {
  double temperature = 1;                            ///< divides the scores
  std::optional<std::int64_t> top_k = std::nullopt;  ///< the likeliest tokens (Fan et al. 2018, section 5)
  double top_p = 1;  ///< of these the fewest likeliest that together have that probability (Holtzman et al. 2020,
                     ///< section 3.1)
  double min_p =
      0;  ///< of these those with at least that share of the likeliest one's probability (Nguyen et al. 2024,
          ///< section 3)
};

/// scores (n, V), logits or log-probabilities -> weights (n, V) double that need not sum to one, 0 where nothing is
/// drawn. Of equally likely tokens those with smaller ids stay.
Tensor weights_to_draw_from(const Tensor& scores, const Truncation& truncation);

/// Inverts the distribution function, in the order of ids: the first token whose cumulative weight exceeds u times the
/// whole, u in [0, 1) for each row -> (n, 1) int64. Rounding can thus move a draw only if u falls on the very border of
/// two tokens.
Tensor draw_tokens(const Tensor& weights, const std::vector<double>& u);

/// An own stream of numbers for every sample of every sentence.
SplitMix64 draw_stream(std::uint64_t seed, std::uint64_t sentence, std::uint64_t sample);

}  // namespace ablate
