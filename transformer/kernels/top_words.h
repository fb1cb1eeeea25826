#pragma once
// The likeliest next words without the matrix of their probabilities: the output layer is computed a few hundred words
// at a time, of which the best and the sum of exponentials are kept.
#include "transformer/core/torch.h"

#include <vector>

namespace ablate {

struct Candidate {
  std::int64_t token;
  double log_probability;  ///< nats
};

/// For every row of hidden (N, D) the min(k, words) words of highest log softmax(h W^T + b), best first, equal ones by
/// ascending id; those of probability 0 are left out. weight (V, D), bias (V) or undefined. Words of `never` are no
/// candidates, but have their share in the normaliser. Where a row's scores are not numbers (NaN) its candidates are
/// not numbers either. Nothing where there is no kernel: on other devices and in other dtypes than float, and outside
/// of KeepPackedWeights.
std::optional<std::vector<std::vector<Candidate>>> top_words(const Tensor& hidden, const Tensor& weight,
                                                             const Tensor& bias, std::int64_t k,
                                                             const std::vector<std::int64_t>& never);

}  // namespace ablate
