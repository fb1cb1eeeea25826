#include "transformer/layers/residual.h"

#include "transformer/kernels/residual_norm.h"
#include "transformer/layers/dropout.h"

namespace ablate {
namespace {

constexpr config::Variant<ResidualKind> residual_rows[] = {
    {{"post_norm", "norm(x + f(x))", "Vaswani et al. 2017, section 3.1", ""}, ResidualKind::post_norm},
    {{"pre_norm", "x + f(norm(x)), and a norm on top of the stack", "Wang et al. 2019; Xiong et al. 2020", ""},
     ResidualKind::pre_norm},
    {{"sandwich", "x + norm(f(norm(x))), and a norm on top of the stack", "Ding et al. 2021, section 2.4", ""},
     ResidualKind::sandwich},
};
constexpr config::VariantTable<ResidualKind> residuals{"residual", residual_rows};

}  // namespace

void ResidualConfig::describe(config::Fields& f) {
  f.variant(kind, residuals.choices(), "where the norm stands around a sub-layer");
}

const config::VariantTable<ResidualKind>& residual_table() { return residuals; }

bool needs_final_norm(ResidualKind kind) { return kind != ResidualKind::post_norm; }

Residual::Residual(const ResidualConfig& config, const NormConfig& norm, double dropout, std::int64_t d_model,
                   ParameterFactory& factory)
    : kind_(residuals.at(config.kind)), dropout_(dropout) {
  norm_ = register_module("norm", make_norm(norm, d_model, factory));
  if (kind_ == ResidualKind::sandwich) output_norm_ = register_module("output_norm", make_norm(norm, d_model, factory));
}

Tensor Residual::add(const Tensor& x, const Tensor& f) const {
  if (is_training() && has_residual_norm(x, f, Tensor())) return residual_sum(x, f, dropout_);
  return x + apply_dropout(f, dropout_, is_training());
}

}  // namespace ablate
