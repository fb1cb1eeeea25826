#include "transformer/layers/feed_forward.h"

#include "transformer/kernels/activated_linear.h"
#include "transformer/layers/activation.h"
#include "transformer/layers/dropout.h"

namespace ablate {
namespace {

using Activation = Tensor (*)(const Tensor&);

/// y = act(x W1 + b1) W2 + b2 (Vaswani et al. 2017, eq. (2)).
/// `fused`: the kernel's name for the activation, if it has one.
template <Activation act, RowActivation fused = RowActivation::none>
struct Plain final : FeedForward {
  Plain(const FeedForwardConfig& config, std::int64_t d_model, const FeedForwardInitialization& init,
        ParameterFactory& factory)
      : rate(config.dropout) {
    inner = register_module("inner", std::make_shared<Linear>(d_model, config.d_ff, config.bias, init.inner, factory));
    outer = register_module("outer", std::make_shared<Linear>(config.d_ff, d_model, config.bias, init.outer, factory));
  }
  Tensor forward(const Tensor& x, const Tensor&) override {
    if (has_activated_linear(x, fused)) {
      return outer->forward(
          activated_linear(x, {.map = inner->map(), .activation = fused, .dropout = is_training() ? rate : 0}));
    }
    return outer->forward(apply_dropout(act(inner->forward(x)), rate, is_training()));
  }
  double rate;
  std::shared_ptr<Linear> inner, outer;
};

/// y = (act(x W) * (x V)) W2 (Shazeer 2020, eq. (6)); the biases, which that paper leaves out, are an option.
template <Activation act, RowActivation fused = RowActivation::none>
struct Gated final : FeedForward {
  Gated(const FeedForwardConfig& config, std::int64_t d_model, const FeedForwardInitialization& init,
        ParameterFactory& factory)
      : rate(config.dropout) {
    gate = register_module("gate", std::make_shared<Linear>(d_model, config.d_ff, config.bias, init.inner, factory));
    inner = register_module("inner", std::make_shared<Linear>(d_model, config.d_ff, config.bias, init.inner, factory));
    outer = register_module("outer", std::make_shared<Linear>(config.d_ff, d_model, config.bias, init.outer, factory));
  }
  Tensor forward(const Tensor& x, const Tensor&) override {
    if (has_activated_linear(x, fused)) {
      return outer->forward(activated_linear(
          x, {.map = gate->map(), .inner = inner->map(), .activation = fused, .dropout = is_training() ? rate : 0}));
    }
    const std::vector<Tensor> y = linear(x, {gate->map(), inner->map()});
    return outer->forward(apply_dropout(act(y[0]) * y[1], rate, is_training()));
  }
  double rate;
  std::shared_ptr<Linear> gate, inner, outer;
};

template <class Kind>
std::shared_ptr<FeedForward> make(const FeedForwardConfig& config, std::int64_t d_model,
                                  const FeedForwardInitialization& init, ParameterFactory& factory) {
  return std::make_shared<Kind>(config, d_model, init, factory);
}

namespace act = activation;
using Fused = RowActivation;
constexpr config::Variant<MakeFeedForward> feed_forward_rows[] = {
    {{"relu", "max(0, x W1) W2", "Vaswani et al. 2017, eq. (2)", ""}, make<Plain<act::relu, Fused::relu>>},
    {{"gelu", "GELU(x W1) W2, exact", "Hendrycks & Gimpel 2016", ""}, make<Plain<act::gelu, Fused::gelu>>},
    {{"gelu_tanh", "GELU by its tanh approximation", "Hendrycks & Gimpel 2016", ""},
     make<Plain<act::gelu_tanh, Fused::gelu_tanh>>},
    {{"swish", "(z * sigmoid(z)) W2, z = x W1", "Ramachandran et al. 2017", ""}, make<Plain<act::swish, Fused::swish>>},
    {{"tanh", "tanh(x W1) W2", "", ""}, make<Plain<act::tanh, Fused::tanh>>},
    {{"elu", "ELU(x W1) W2", "Clevert et al. 2015", ""}, make<Plain<act::elu, Fused::elu>>},
    {{"selu", "SELU(x W1) W2", "Klambauer et al. 2017", ""}, make<Plain<act::selu, Fused::selu>>},
    {{"sigmoid", "sigmoid(x W1) W2", "", ""}, make<Plain<act::sigmoid, Fused::sigmoid>>},
    {{"softplus", "log(1 + exp(x W1)) W2", "Dugas et al. 2001", ""}, make<Plain<act::softplus>>},
    {{"squared_relu", "max(0, x W1)^2 W2", "So et al. 2021", ""}, make<Plain<act::squared_relu, Fused::squared_relu>>},
    {{"identity", "x W1 W2", "", ""}, make<Plain<act::identity, Fused::identity>>},
    {{"glu", "(sigmoid(x W) * x V) W2", "Dauphin et al. 2016; Shazeer 2020", ""},
     make<Gated<act::sigmoid, Fused::sigmoid>>},
    {{"bilinear", "(x W * x V) W2, also LiGLU", "Shazeer 2020, eq. (5)", ""},
     make<Gated<act::identity, Fused::identity>>},
    {{"reglu", "(max(0, x W) * x V) W2", "Shazeer 2020, eq. (5)", ""}, make<Gated<act::relu, Fused::relu>>},
    {{"geglu", "(GELU(x W) * x V) W2", "Shazeer 2020, eq. (5)", ""}, make<Gated<act::gelu, Fused::gelu>>},
    {{"geglu_tanh", "geglu with GELU by its tanh approximation", "Raffel et al. 2020 (code of T5 1.1)", ""},
     make<Gated<act::gelu_tanh, Fused::gelu_tanh>>},
    {{"swiglu", "(swish(x W) * x V) W2", "Shazeer 2020, eq. (5)", ""}, make<Gated<act::swish, Fused::swish>>},
};
constexpr config::VariantTable<MakeFeedForward> feed_forwards{"feed_forward", feed_forward_rows};

}  // namespace

void FeedForwardConfig::describe(config::Fields& f) {
  f.variant(kind, feed_forwards.choices(), "activation, alone or as the gate of a gated linear unit");
  f.field("d_ff", d_ff, "inner width; a gated unit has three matrices of it, a plain one two", config::width);
  f.field("bias", bias, "biases on every matrix of the unit");
  f.field("dropout", dropout, "dropout on the inner activations", config::probability);
  f.object("experts", experts, "several units, of which each token passes through a few");
}

FeedForwardConfig FeedForwardConfig::of_layer(std::int64_t layer) const {
  FeedForwardConfig own = *this;
  if (!experts.in_layer(layer)) own.experts.kind = "none";
  return own;
}

const config::VariantTable<MakeFeedForward>& feed_forward_table() { return feed_forwards; }

std::shared_ptr<FeedForward> make_feed_forward(const FeedForwardConfig& config, std::int64_t d_model,
                                               const FeedForwardInitialization& init, ParameterFactory& factory) {
  if (config.experts.any()) return make_experts(config, d_model, init, factory);
  return feed_forwards.at(config.kind)(config, d_model, init, factory);
}

}  // namespace ablate
