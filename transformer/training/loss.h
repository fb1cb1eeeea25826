#pragma once
// Label-smoothed cross entropy of a batch (Szegedy et al. 2016, section 7; Vaswani et al. 2017, section 5.4), for each
// target token, or class of a text, y with the epsilon of `all_words`:
//   loss = (1 - eps) * -log p(y) + eps / V * sum over all words k of -log p(k)
// Where numbers are learnt, for each text with the value v: loss = (v - model's)^2.
#include "transformer/model/transformer.h"

namespace ablate {

struct LossConfig {
  double label_smoothing = 0.1;
  std::string smoothing = "all_words";
  void describe(config::Fields& f);
};

/// Turns the epsilon of a convention into that of the convention `all_words`, for a vocabulary of V words.
using SmoothingConvention = double (*)(double epsilon, std::int64_t vocabulary);
const config::VariantTable<SmoothingConvention>& smoothing_table();

/// Sums over the real target tokens of a batch (</s> counts, padding does not), in nats; over its texts where it has
/// classes or numbers.
struct BatchLoss {
  Tensor loss;     ///< scalar: smoothed; carries the gradient
  Tensor nll;      ///< scalar: -log p of the right words; of numbers the squared errors
  Tensor correct;  ///< scalar: number of tokens whose most probable word is the right one; of numbers 0
  std::int64_t tokens = 0;
  /// Scalar with its gradient, no sum over tokens: what the layers add to the mean loss of a token in training
  /// (experts.h); undefined where they add nothing.
  Tensor auxiliary{};

  /// Scalar: the sum that training minimises. Divided by the tokens of all batches of an update, the auxiliary losses
  /// of a batch count as much as its tokens.
  Tensor minimised() const { return auxiliary.defined() ? loss + auxiliary * static_cast<double>(tokens) : loss; }
};

BatchLoss compute_loss(Transformer& model, const Batch& batch, const LossConfig& config);

/// Means per target token over a whole split, without dropout.
struct SplitLoss {
  double loss = 0;      ///< smoothed, nats per token
  double nll = 0;       ///< unsmoothed, nats per token; perplexity = exp(nll)
  double accuracy = 0;  ///< share of tokens predicted rightly, given the right ones before
  double nll_sum = 0;   ///< nats in all, for per-word and per-character figures
  std::int64_t tokens = 0;
};

/// `batch(i)` gives the i-th of `batches`. Leaves the model in the mode in which it found it.
SplitLoss evaluate_loss(Transformer& model, std::int64_t batches, const std::function<Batch(std::int64_t)>& batch,
                        const LossConfig& config);

}  // namespace ablate
