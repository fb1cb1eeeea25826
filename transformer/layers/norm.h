#pragma once
// Normalisation of the residual stream, with gain g and bias b of width D:
//   layer_norm  g * (x - mean(x)) / sqrt(var(x) + eps) + b   (Ba et al. 2016, eqs. (3) and (4)); var divides by D
//   rms_norm    g * x / sqrt(mean(x^2) + eps)                (Zhang & Sennrich 2019, eq. (4))
//   p_rms_norm  the same with the mean over the first ceil(partial * D) coordinates alone (ibid., section 4)
//   scale_norm  g * x / max(|x|, eps) with one number g that starts at sqrt(D) (Nguyen & Salazar 2019, eq. (4))
// With gain_offset the parameter is g - 1 (Gemma Team 2024, code): it learns the same, since gains do not decay. Where
// it stands is the business of residual.h alone.
#include "transformer/layers/initialization.h"

namespace ablate {

struct NormConfig {
  std::string kind = "layer_norm";
  double eps = 1e-5;
  bool bias = true;
  double partial = 0.0625;
  bool gain_offset = false;
  bool learned = true;
  void describe(config::Fields& f);
};

/// The role. Contract: (…, D) -> (…, D), each vector by itself.
class Norm : public torch::nn::Module {
 public:
  virtual Tensor forward(const Tensor& x) = 0;
  /// forward(x + dropout(f)), in one pass where there is a kernel for it.
  virtual Tensor forward_sum(const Tensor& x, const Tensor& f, double dropout, bool training);
};

using MakeNorm = std::shared_ptr<Norm> (*)(const NormConfig& config, std::int64_t d_model, ParameterFactory& factory);
const config::VariantTable<MakeNorm>& norm_table();
std::shared_ptr<Norm> make_norm(const NormConfig& config, std::int64_t d_model, ParameterFactory& factory);

}  // namespace ablate
