#pragma once
// Mixture of experts: E feed-forward units of one kind, of which a router chooses k for every token (Shazeer et al.
// 2017, section 2; Fedus et al. 2021, section 2.1; Jiang et al. 2024, section 2.1):
//   z = W_r x, y = sum of g_e(z) FFN_e(x) over the k experts e of the largest z_e
// A token goes to all of its experts however many go there: there is no capacity that drops some. Padding goes nowhere.
//
// So that tokens spread over the experts, training minimises for every such layer, besides the error,
//   load_balancing * E * sum over e of f_e P_e        (Fedus et al. 2021, eqs. (4) to (6))
// f_e the share of expert e in all k choices of the T tokens of a batch, P_e the mean of softmax(z)_e over the tokens.
// It is load_balancing where the load is even. It goes to AuxiliaryLosses.
#include "transformer/layers/initialization.h"

namespace ablate {

class FeedForward;
struct FeedForwardConfig;
struct FeedForwardInitialization;

struct ExpertsConfig {
  std::string kind = "none";
  std::int64_t number = 8;
  std::int64_t per_token = 2;
  std::optional<std::int64_t> d_ff{};
  std::int64_t every = 1;
  double load_balancing = 0.01;
  void describe(config::Fields& f);
  bool any() const { return kind != "none"; }
  /// Whether layer `layer` of a stack, counted from 0, has them: the last of every `every` layers.
  bool in_layer(std::int64_t layer) const { return any() && (layer + 1) % every == 0; }
};

/// What a router decides about N tokens.
struct Routing {
  Tensor expert;       ///< (N, k) int64, the largest logit first
  Tensor weight;       ///< (N, k), g of those experts
  Tensor probability;  ///< (N, E), softmax over all experts
};

/// Logits (N, E) and k -> who goes where. The row `none` has no function.
using Route = Routing (*)(const Tensor& logits, std::int64_t k);
const config::VariantTable<Route>& router_table();

/// E * sum of f_e P_e: scalar with the gradient of `probability` (N, E), of which N is not 0. `choices`: how many of
/// the N k choices fell on each expert.
Tensor load_imbalance(const Tensor& probability, const std::vector<std::int64_t>& choices);

/// Parameters: `router.weight` (E, D), and those of a unit of `config.kind` under `experts.0` to `experts.<E - 1>`.
std::shared_ptr<FeedForward> make_experts(const FeedForwardConfig& config, std::int64_t d_model,
                                          const FeedForwardInitialization& init, ParameterFactory& factory);

}  // namespace ablate
