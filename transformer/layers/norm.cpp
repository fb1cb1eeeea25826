#include "transformer/layers/norm.h"

#include "transformer/kernels/residual_norm.h"
#include "transformer/layers/dropout.h"

#include <cmath>

namespace ablate {

Tensor Norm::forward_sum(const Tensor& x, const Tensor& f, double dropout, bool training) {
  return forward(x + apply_dropout(f, dropout, training));
}

namespace {

// Under autocast the output of a sub-layer may be bf16: sums are in the gain's precision, on every device.

/// g (D), learned as itself or, with `gain_offset`, as what it has above one.
struct Gain {
  Gain(torch::nn::Module& owner, const NormConfig& config, std::int64_t d_model, ParameterFactory& factory)
      : is_above_one(config.gain_offset) {
    learned = factory.create(owner, "gain", {d_model}, fill_constant(is_above_one ? 0 : 1));
  }
  Tensor value() const { return is_above_one ? learned + 1 : learned; }
  bool is_above_one;
  Tensor learned;
};

/// y = (x - mean(x)) / sqrt(var(x) + eps) * gain + bias, var without Bessel's correction (Ba et al. 2016, eq. (4)).
struct LayerNorm final : Norm {
  LayerNorm(const NormConfig& config, std::int64_t d_model, ParameterFactory& factory)
      : eps(config.eps), gain(*this, config, d_model, factory) {
    if (config.bias) bias = factory.create(*this, "bias", {d_model}, fill_constant(0));
  }
  Tensor forward(const Tensor& x) override {
    const Tensor g = gain.value();
    return at::layer_norm(x.to(g.scalar_type()), g.sizes(), g, bias, eps);
  }
  Tensor forward_sum(const Tensor& x, const Tensor& f, double dropout, bool training) override {
    const Tensor g = gain.value();
    if (!has_residual_norm(x, f, g)) return Norm::forward_sum(x, f, dropout, training);
    return residual_norm(
        x, f, {.kind = RowNorm::layer, .gain = g, .bias = bias, .eps = eps, .dropout = training ? dropout : 0});
  }
  double eps;
  Gain gain;
  Tensor bias;
};

/// y = x / sqrt(mean(x^2) + eps) * gain (Zhang & Sennrich 2019, eq. (4)).
struct RmsNorm final : Norm {
  RmsNorm(const NormConfig& config, std::int64_t d_model, ParameterFactory& factory)
      : eps(config.eps), gain(*this, config, d_model, factory) {}
  Tensor forward(const Tensor& x) override {
    const Tensor g = gain.value();
    return at::rms_norm(x.to(g.scalar_type()), g.sizes(), g, eps);
  }
  Tensor forward_sum(const Tensor& x, const Tensor& f, double dropout, bool training) override {
    const Tensor g = gain.value();
    if (!has_residual_norm(x, f, g)) return Norm::forward_sum(x, f, dropout, training);
    return residual_norm(x, f, {.kind = RowNorm::rms, .gain = g, .eps = eps, .dropout = training ? dropout : 0});
  }
  double eps;
  Gain gain;
};

/// y = x / sqrt(mean(x_i^2, i <= ceil(partial * D)) + eps) * gain (Zhang & Sennrich 2019, section 4): the first
/// coordinates stand for all of them.
struct PartialRmsNorm final : Norm {
  PartialRmsNorm(const NormConfig& config, std::int64_t d_model, ParameterFactory& factory)
      : eps(config.eps),
        coordinates(static_cast<std::int64_t>(std::ceil(config.partial * static_cast<double>(d_model)))),
        gain(*this, config, d_model, factory) {}
  Tensor forward(const Tensor& x) override {
    const Tensor g = gain.value();
    const Tensor y = x.to(g.scalar_type());
    const Tensor mean_square = y.narrow(-1, 0, coordinates).square().mean(-1, /*keepdim=*/true);
    return y * (mean_square + eps).rsqrt() * g;
  }
  double eps;
  std::int64_t coordinates;
  Gain gain;
};

/// y = g * x / max(|x|, eps), g one number that starts at sqrt(D), learned or not (Nguyen & Salazar 2019, eq. (4)).
struct ScaleNorm final : Norm {
  ScaleNorm(const NormConfig& config, std::int64_t d_model, ParameterFactory& factory)
      : eps(config.eps), start(std::sqrt(static_cast<double>(d_model))) {
    if (config.learned) gain = factory.create(*this, "gain", {1}, fill_constant(start));
  }
  Tensor forward(const Tensor& x) override {
    const Tensor y = gain.defined() ? x.to(gain.scalar_type()) : x;
    const Tensor length = at::linalg_vector_norm(y, 2, {-1}, /*keepdim=*/true).clamp_min(eps);
    return gain.defined() ? y * (gain / length) : y * (start / length);
  }
  double eps, start;
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
    {{"layer_norm", "(x - mean) / sqrt(var + eps) * gain + bias", "Ba et al. 2016, eq. (4)", "eps bias gain_offset"},
     make<LayerNorm>},
    {{"rms_norm", "x / sqrt(mean(x^2) + eps) * gain", "Zhang & Sennrich 2019, eq. (4)", "eps gain_offset"},
     make<RmsNorm>},
    {{"p_rms_norm", "the mean over the first coordinates alone, a share `partial` of them",
      "Zhang & Sennrich 2019, section 4", "eps partial gain_offset"},
     make<PartialRmsNorm>},
    {{"scale_norm", "g * x / max(|x|, eps), g one number that starts at sqrt(d_model)",
      "Nguyen & Salazar 2019, eq. (4)", "eps learned"},
     make<ScaleNorm>},
    {{"none", "x", "", ""}, make<NoNorm>},
};
constexpr config::VariantTable<MakeNorm> norms{"norm", norm_rows};

}  // namespace

void NormConfig::describe(config::Fields& f) {
  f.variant(kind, norms.choices(), "normalisation of the residual stream");
  f.field("eps", eps, "added to the variance or the mean square; the least length in scale_norm", config::positive);
  f.field("bias", bias, "learn a bias beside the gain");
  f.field("partial", partial, "share of the coordinates, from the first, that the mean square is taken of",
          config::Range{0, 1, true});
  f.field("gain_offset", gain_offset,
          "the gain is kept as what it has above 1, as some published weights are; it learns the same");
  f.field("learned", learned, "learn the gain; false: it stays sqrt(d_model)");
}

const config::VariantTable<MakeNorm>& norm_table() { return norms; }

std::shared_ptr<Norm> make_norm(const NormConfig& config, std::int64_t d_model, ParameterFactory& factory) {
  return norms.at(config.kind)(config, d_model, factory);
}

}  // namespace ablate
