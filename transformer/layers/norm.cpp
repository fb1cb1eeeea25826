#include "transformer/layers/norm.h"

#include "transformer/kernels/residual_norm.h"
#include "transformer/layers/dropout.h"

namespace ablate {

Tensor Norm::forward_sum(const Tensor& x, const Tensor& f, double dropout, bool training) {
  return forward(x + apply_dropout(f, dropout, training));
}

namespace {

// Under autocast the output of a sub-layer may be bf16: sums are in the gain's precision, on every device.

/// y = (x - mean(x)) / sqrt(var(x) + eps) * gain + bias, var without Bessel's correction (Ba et al. 2016, eq. (4)).
struct LayerNorm final : Norm {
  LayerNorm(const NormConfig& config, std::int64_t d_model, ParameterFactory& factory) : eps(config.eps) {
    gain = factory.create(*this, "gain", {d_model}, fill_constant(1));
    if (config.bias) bias = factory.create(*this, "bias", {d_model}, fill_constant(0));
  }
  Tensor forward(const Tensor& x) override {
    return at::layer_norm(x.to(gain.scalar_type()), gain.sizes(), gain, bias, eps);
  }
  Tensor forward_sum(const Tensor& x, const Tensor& f, double dropout, bool training) override {
    if (!has_residual_norm(x, f, gain)) return Norm::forward_sum(x, f, dropout, training);
    return residual_norm(
        x, f, {.kind = RowNorm::layer, .gain = gain, .bias = bias, .eps = eps, .dropout = training ? dropout : 0});
  }
  double eps;
  Tensor gain, bias;
};

/// y = x / sqrt(mean(x^2) + eps) * gain (Zhang & Sennrich 2019, eq. (4)).
struct RmsNorm final : Norm {
  RmsNorm(const NormConfig& config, std::int64_t d_model, ParameterFactory& factory) : eps(config.eps) {
    gain = factory.create(*this, "gain", {d_model}, fill_constant(1));
  }
  Tensor forward(const Tensor& x) override { return at::rms_norm(x.to(gain.scalar_type()), gain.sizes(), gain, eps); }
  Tensor forward_sum(const Tensor& x, const Tensor& f, double dropout, bool training) override {
    if (!has_residual_norm(x, f, gain)) return Norm::forward_sum(x, f, dropout, training);
    return residual_norm(x, f, {.kind = RowNorm::rms, .gain = gain, .eps = eps, .dropout = training ? dropout : 0});
  }
  double eps;
  Tensor gain;
};

/// y = x: the row that shows what normalisation is worth.
struct NoNorm final : Norm {
  NoNorm(const NormConfig&, std::int64_t, ParameterFactory&) {}
  Tensor forward(const Tensor& x) override { return x; }
};

template <class Kind>
std::shared_ptr<Norm> make(const NormConfig& config, std::int64_t d_model, ParameterFactory& factory) {
  return std::make_shared<Kind>(config, d_model, factory);
}

constexpr config::Variant<MakeNorm> norm_rows[] = {
    {{"layer_norm", "(x - mean) / sqrt(var + eps) * gain + bias", "Ba et al. 2016, eq. (4)", "eps bias"},
     make<LayerNorm>},
    {{"rms_norm", "x / sqrt(mean(x^2) + eps) * gain", "Zhang & Sennrich 2019, eq. (4)", "eps"}, make<RmsNorm>},
    {{"none", "x", "", ""}, make<NoNorm>},
};
constexpr config::VariantTable<MakeNorm> norms{"norm", norm_rows};

}  // namespace

void NormConfig::describe(config::Fields& f) {
  f.variant(kind, norms.choices(), "normalisation of the residual stream");
  f.field("eps", eps, "added to the variance or the mean square", config::positive);
  f.field("bias", bias, "learn a bias beside the gain");
}

const config::VariantTable<MakeNorm>& norm_table() { return norms; }

std::shared_ptr<Norm> make_norm(const NormConfig& config, std::int64_t d_model, ParameterFactory& factory) {
  return norms.at(config.kind)(config, d_model, factory);
}

}  // namespace ablate
