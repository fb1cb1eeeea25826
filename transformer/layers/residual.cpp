#include "transformer/layers/residual.h"

#include "transformer/kernels/residual_norm.h"
#include "transformer/layers/dropout.h"

#include <stdexcept>

namespace ablate {
namespace {

constexpr config::Variant<ResidualKind> residual_rows[] = {
    {{"post_norm", "norm(x + f(x))", "Vaswani et al. 2017, section 3.1", ""}, ResidualKind::post_norm},
    {{"pre_norm", "x + f(norm(x)), and a norm on top of the stack", "Wang et al. 2019; Xiong et al. 2020", ""},
     ResidualKind::pre_norm},
    {{"sandwich", "x + norm(f(norm(x))), and a norm on top of the stack", "Ding et al. 2021, section 2.4", ""},
     ResidualKind::sandwich},
    {{"output_norm", "x + norm(f(x)), and a norm on top of the stack", "Liu et al. 2021 (Swin v2), section 3.2", ""},
     ResidualKind::output_norm},
    {{"parallel", "x + attention(norm(x)) + ffn(norm(x)) with one norm, and a norm on top of the stack",
      "Wang & Komatsuzaki 2021; Chowdhery et al. 2022, section 2", ""},
     ResidualKind::parallel},
    {{"parallel_norms", "the same with a norm for each sub-layer", "Black et al. 2022, section 2", ""},
     ResidualKind::parallel_norms},
};
constexpr config::VariantTable<ResidualKind> residuals{"residual", residual_rows};

}  // namespace

void ResidualConfig::describe(config::Fields& f) {
  f.variant(kind, residuals.choices(), "where the norm stands around a sub-layer");
}

const config::VariantTable<ResidualKind>& residual_table() { return residuals; }

bool needs_final_norm(ResidualKind kind) { return kind != ResidualKind::post_norm; }

Residual::Residual(const ResidualConfig& config, const NormConfig& norm, double dropout, std::int64_t d_model,
                   bool is_first, ParameterFactory& factory)
    : kind_(residuals.at(config.kind)), dropout_(dropout) {
  const auto make = [&](const char* name) { return register_module(name, make_norm(norm, d_model, factory)); };
  const bool shares_norm = kind_ == ResidualKind::parallel && !is_first;
  if (kind_ != ResidualKind::output_norm && !shares_norm) norm_ = make("norm");
  if (kind_ == ResidualKind::sandwich || kind_ == ResidualKind::output_norm) output_norm_ = make("output_norm");
}

Tensor Residual::add(const Tensor& x, const Tensor& f) const {
  if (is_training() && has_residual_norm(x, f, Tensor())) return residual_sum(x, f, dropout_);
  return x + apply_dropout(f, dropout_, is_training());
}

Tensor Residual::forward(const Tensor& x, c10::function_ref<Tensor(const Tensor&)> sub_layer) {
  switch (kind_) {
    case ResidualKind::post_norm:
      return norm_->forward_sum(x, sub_layer(x), dropout_, is_training());
    case ResidualKind::pre_norm:
      return add(x, sub_layer(norm_->forward(x)));
    case ResidualKind::sandwich:
      return add(x, output_norm_->forward(sub_layer(norm_->forward(x))));
    case ResidualKind::output_norm:
      return add(x, output_norm_->forward(sub_layer(x)));
    case ResidualKind::parallel:
    case ResidualKind::parallel_norms:
      break;
  }
  throw std::logic_error("a residual kind without wiring of a single sub-layer");
}

Tensor wire(const Tensor& x, std::initializer_list<SubLayer> sub_layers) {
  const bool is_parallel = sub_layers.begin()->residual.is_parallel();
  Tensor sum = x, normed;
  for (const SubLayer& sub_layer : sub_layers) {
    Residual& residual = sub_layer.residual;
    if (!is_parallel) {
      sum = residual.forward(sum, sub_layer.f);
      continue;
    }
    // All read the layer's input; one that has no norm reads what the first one's gave.
    if (residual.norm_) normed = residual.norm_->forward(x);
    sum = residual.add(sum, sub_layer.f(normed));
  }
  return sum;
}

}  // namespace ablate
