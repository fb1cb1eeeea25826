#pragma once
// The position-wise feed-forward unit (Vaswani et al. 2017, section 3.3, eq. (2)) and its gated relatives
// (Shazeer 2020, eqs. (5) and (6)):
//   plain  act(x W1 + b1) W2 + b2
//   gated  (act(x W + b) * (x V + c)) W2 + b2
// W, V, W1: D x d_ff, W2: d_ff x D. Dropout stands before W2.
#include "transformer/layers/initialization.h"

namespace ablate {

struct FeedForwardConfig {
  std::string kind = "relu";
  std::int64_t d_ff = 2048;
  bool bias = true;
  double dropout = 0;
  void describe(config::Fields& f);
};

/// The role. Contract: (B, T, D) -> (B, T, D), each position by itself.
class FeedForward : public torch::nn::Module {
 public:
  virtual Tensor forward(const Tensor& x) = 0;
};

struct FeedForwardInitialization {
  WeightInitialization inner, outer;
};

using MakeFeedForward = std::shared_ptr<FeedForward> (*)(const FeedForwardConfig& config, std::int64_t d_model,
                                                         const FeedForwardInitialization& init,
                                                         ParameterFactory& factory);
const config::VariantTable<MakeFeedForward>& feed_forward_table();
std::shared_ptr<FeedForward> make_feed_forward(const FeedForwardConfig& config, std::int64_t d_model,
                                               const FeedForwardInitialization& init, ParameterFactory& factory);

}  // namespace ablate
