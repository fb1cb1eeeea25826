// Shapes: N tokens, E experts, k of them for every token, D model width.
#include "transformer/layers/experts.h"

#include "transformer/layers/auxiliary_loss.h"
#include "transformer/layers/feed_forward.h"

#include <torch/csrc/autograd/custom_function.h>

#include <numeric>

namespace ablate {
namespace {

Routing top_k_softmax(const Tensor& logits, std::int64_t k) {
  const auto [largest, expert] = logits.topk(k, 1);
  return {expert, at::softmax(largest, 1), at::softmax(logits, 1)};
}

Routing softmax_top_k(const Tensor& logits, std::int64_t k) {
  const Tensor probability = at::softmax(logits, 1);
  const auto [largest, expert] = probability.topk(k, 1);
  return {expert, largest, probability};
}

constexpr config::Variant<Route> router_rows[] = {
    {{"none", "one unit for all tokens", "", ""}, nullptr},
    {{"top_k_softmax",
      "weights are the softmax over the k largest logits, which sum to 1: the same as all probabilities, of which the "
      "k "
      "largest are divided by their sum",
      "Shazeer et al. 2017, eqs. (3) and (5), without noise; Jiang et al. 2024, section 2.1",
      "number per_token d_ff every load_balancing"},
     top_k_softmax},
    {{"softmax_top_k", "weights are the k largest probabilities of the softmax over all, as they are",
      "Fedus et al. 2021, eqs. (1) and (2), for k = 1", "number per_token d_ff every load_balancing"},
     softmax_top_k},
};
constexpr config::VariantTable<Route> routers{"experts", router_rows};

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Row i of the output is row order[i] / copies of x, every row being asked for `copies` times; `inverse` is the
/// inverse permutation of `order`. The way back gathers too: sums over a token's copies come in one order on every
/// device.
struct MoveRows : torch::autograd::Function<MoveRows> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& order, const Tensor& inverse,
                        std::int64_t copies) {
    context->save_for_backward({inverse});
    context->saved_data["copies"] = copies;
    return x.index_select(0, copies == 1 ? order : at::div(order, copies, "floor"));
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const std::int64_t copies = context->saved_data["copies"].toInt();
    const Tensor back = gradients[0].index_select(0, context->get_saved_variables()[0]);
    return {copies == 1 ? back : back.view({-1, copies, back.size(1)}).sum(1), Tensor(), Tensor(), Tensor()};
  }
};

/// The N k choices of a batch in the order of their experts.
struct Dispatch {
  Dispatch(const Tensor& expert, std::int64_t experts) {
    const Tensor choice = expert.flatten();
    if (choice.is_meta()) {
      // Nobody knows who goes where; what it costs does not depend on it.
      order = inverse = at::empty_like(choice);
      for (std::int64_t e = 0; e < experts; ++e) {
        sizes.push_back(choice.numel() * (e + 1) / experts - choice.numel() * e / experts);
      }
      return;
    }
    order = at::argsort(choice, /*stable=*/true, 0, /*descending=*/false);
    inverse = at::argsort(order);
    const Tensor counts = choice.unsqueeze(1).eq(at::arange(experts, choice.options())).sum(0).to(at::kCPU);
    const auto* const first = counts.const_data_ptr<std::int64_t>();
    sizes.assign(first, first + experts);
  }
  Tensor order, inverse;            ///< (N k): order[i] = n k + c, choice c of token n
  std::vector<std::int64_t> sizes;  ///< choices that fell on each expert
};

class Experts final : public FeedForward {
 public:
  Experts(const FeedForwardConfig& config, std::int64_t d_model, const FeedForwardInitialization& init,
          ParameterFactory& factory)
      : route_(routers.at(config.experts.kind)),
        per_token_(config.experts.per_token),
        load_balancing_(config.experts.load_balancing) {
    const std::int64_t number = config.experts.number;
    router_ = register_module("router", std::make_shared<Linear>(d_model, number, false, init.inner, factory));
    FeedForwardConfig unit = config;
    unit.experts.kind = "none";
    unit.d_ff = config.experts.d_ff.value_or(config.d_ff);
    const auto list = register_module("experts", std::make_shared<torch::nn::ModuleListImpl>());
    for (std::int64_t e = 0; e < number; ++e) {
      experts_.push_back(make_feed_forward(unit, d_model, init, factory));
      list->push_back(experts_.back());
    }
  }

  Tensor forward(const Tensor& x, const Tensor& real) override {
    const Tensor tokens = x.reshape({-1, x.size(-1)});
    if (!real.defined()) return of_tokens(tokens).view(x.sizes());
    const Tensor places = real.flatten().nonzero().squeeze(1);
    const Tensor y = of_tokens(tokens.index_select(0, places));
    return at::zeros(tokens.sizes(), y.options()).index_copy(0, places, y).view(x.sizes());
  }

 private:
  /// (N, D) -> (N, E), in 32 bits at least: rounded logits would send tokens elsewhere (Fedus et al. 2021, section
  /// 2.4).
  Tensor logits(const Tensor& x) const {
    const c10::impl::ExcludeDispatchKeyGuard without_autocast(c10::autocast_dispatch_keyset);
    return router_->forward(x.to(at::promote_types(x.scalar_type(), at::kFloat)));
  }

  Tensor of_tokens(const Tensor& x) {
    if (x.size(0) == 0) return x;
    const Routing routing = route_(logits(x), per_token_);
    const Dispatch dispatch(routing.expert, static_cast<std::int64_t>(experts_.size()));
    if (is_training() && load_balancing_ > 0 && AuxiliaryLosses::are_wanted()) {
      AuxiliaryLosses::add(load_balancing_ * load_imbalance(routing.probability, dispatch.sizes));
    }
    const Tensor sent = MoveRows::apply(x, dispatch.order, dispatch.inverse, per_token_);
    const std::vector<Tensor> parts = sent.split_with_sizes(dispatch.sizes);
    std::vector<Tensor> outputs;
    for (std::size_t e = 0; e < parts.size(); ++e) {
      // An expert whom nobody asked has a gradient too, of zeros, if there are any gradients.
      if (parts[e].size(0) > 0 || at::GradMode::is_enabled()) outputs.push_back(experts_[e]->forward(parts[e]));
    }
    const Tensor back = MoveRows::apply(at::cat(outputs), dispatch.inverse, dispatch.order, std::int64_t{1});
    return (back.view({x.size(0), per_token_, x.size(1)}) * routing.weight.unsqueeze(-1)).sum(1);
  }

  Route route_;
  std::int64_t per_token_;
  double load_balancing_;
  std::shared_ptr<Linear> router_;
  std::vector<std::shared_ptr<FeedForward>> experts_;
};

}  // namespace

void ExpertsConfig::describe(config::Fields& f) {
  f.variant(kind, routers.choices(), "how a router weighs the experts that it chooses for a token");
  f.field("number", number, "E, experts of a layer", config::Range{2, 1 << 16});
  f.field("per_token", per_token, "k, experts of a token", config::at_least_one);
  f.field("d_ff", d_ff, "inner width of an expert; null: that of the unit", config::width);
  f.field("every", every, "the last of so many layers has experts, the others one unit each", config::at_least_one);
  f.field("load_balancing", load_balancing, "alpha, factor on the loss that spreads the load; 0: none",
          config::not_negative);
  f.check(!any() || per_token <= number, "per_token",
          std::to_string(per_token) + " experts of a token, of " + std::to_string(number) + " in all");
  f.check(kind != "top_k_softmax" || per_token > 1, "per_token",
          "a single expert has the weight 1, from which the router learns nothing: 'softmax_top_k' weighs it by its "
          "probability");
}

const config::VariantTable<Route>& router_table() { return routers; }

Tensor load_imbalance(const Tensor& probability, const std::vector<std::int64_t>& choices) {
  const auto all = static_cast<double>(std::accumulate(choices.begin(), choices.end(), std::int64_t{0}));
  const Tensor share = at::tensor(choices, at::kDouble).div(all).to(probability.options());
  return (share * probability.mean(0)).sum() * static_cast<double>(choices.size());
}

std::shared_ptr<FeedForward> make_experts(const FeedForwardConfig& config, std::int64_t d_model,
                                          const FeedForwardInitialization& init, ParameterFactory& factory) {
  return std::make_shared<Experts>(config, d_model, init, factory);
}

}  // namespace ablate
