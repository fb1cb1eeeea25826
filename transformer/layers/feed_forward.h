#pragma once
// The position-wise feed-forward unit (Vaswani et al. 2017, section 3.3, eq. (2)) and its gated relatives
// (Shazeer 2020, eqs. (5) and (6)):
//   plain  act(x W1 + b1) W2 + b2
//   gated  (act(x W + b) * (x V + c)) W2 + b2
// W, V, W1: D x d_ff, W2: d_ff x D. Dropout stands before W2. Any of them may be several, see experts.h.
#include "transformer/layers/experts.h"

namespace ablate {

struct FeedForwardConfig {
  std::string kind = "relu";
  std::int64_t d_ff = 2048;
  bool bias = true;
  double dropout = 0;
  ExpertsConfig experts{};
  void describe(config::Fields& f);
  /// That of layer `layer` of a stack, from 0: with experts or without.
  FeedForwardConfig of_layer(std::int64_t layer) const;
};

/// The role. Contract: (…, D) -> (…, D), each position by itself.
class FeedForward : public torch::nn::Module {
 public:
  /// `real` (…) bool: false where padding stands, whose outputs nobody reads; undefined: nothing is padded, or it need
  /// not be told.
  virtual Tensor forward(const Tensor& x, const Tensor& real = {}) = 0;
};

struct FeedForwardInitialization {
  WeightInitialization inner, outer;
};

using MakeFeedForward = std::shared_ptr<FeedForward> (*)(const FeedForwardConfig& config, std::int64_t d_model,
                                                         const FeedForwardInitialization& init,
                                                         ParameterFactory& factory);
/// Of a single unit, whatever `config.experts` says.
const config::VariantTable<MakeFeedForward>& feed_forward_table();
/// One unit, or experts.
std::shared_ptr<FeedForward> make_feed_forward(const FeedForwardConfig& config, std::int64_t d_model,
                                               const FeedForwardInitialization& init, ParameterFactory& factory);

}  // namespace ablate
