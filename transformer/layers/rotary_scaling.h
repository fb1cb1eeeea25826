#pragma once
// How rotary positions are stretched to sequences longer than those a model was trained on: a change of the
// frequencies at which pairs of coordinates turn, and of the temperature of the scores. Not the rotation itself.
#include "transformer/config/fields.h"
#include "transformer/core/torch.h"

namespace ablate {

/// Lengths are in tokens, rotations in full turns over `original_length` tokens.
struct RotaryScalingConfig {
  std::string kind = "none";
  double factor = 2;
  std::int64_t original_length = 8192;
  std::optional<double> low_rotations{};   ///< default: 1 (yarn's alpha, Llama 3's low frequency factor)
  std::optional<double> high_rotations{};  ///< default: 32 for yarn (its beta), 4 for llama3
  void describe(config::Fields& f);
};

/// The frequencies of `width / 2` pairs: base^(-2i / width), i = 0 … width / 2 - 1, scaled; (width / 2), in double.
Tensor rotary_frequencies(std::int64_t width, double base, const RotaryScalingConfig& scaling);

/// What queries and keys are multiplied by after turning: sqrt(1 / t) = 0.1 ln(factor) + 1 for yarn (Peng et al. 2023,
/// section 3.3), 1 for all others.
double rotary_magnitude(const RotaryScalingConfig& scaling);

}  // namespace ablate
