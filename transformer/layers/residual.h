#pragma once
// The wiring around a sub-layer: where the norm stands, where dropout stands, what is added to what. No other file
// knows (Vaswani et al. 2017, section 3.1 and 5.4; Wang et al. 2019; Xiong et al. 2020; Ding et al. 2021).
#include "transformer/layers/norm.h"

namespace ablate {

enum class ResidualKind { post_norm, pre_norm, sandwich };

struct ResidualConfig {
  std::string kind = "post_norm";
  void describe(config::Fields& f);
};

const config::VariantTable<ResidualKind>& residual_table();

/// Post-norm leaves its last sub-layer normalised; the others need a norm on top of the stack.
bool needs_final_norm(ResidualKind kind);

class Residual : public torch::nn::Module {
 public:
  Residual(const ResidualConfig& config, const NormConfig& norm, double dropout, std::int64_t d_model,
           ParameterFactory& factory);

  /// x (B, T, D) -> (B, T, D); `sub_layer` maps (B, T, D) to (B, T, D).
  template <class SubLayer>
  Tensor forward(const Tensor& x, SubLayer&& sub_layer) {
    switch (kind_) {
      case ResidualKind::post_norm:
        return norm_->forward_sum(x, sub_layer(x), dropout_, is_training());
      case ResidualKind::pre_norm:
        return add(x, sub_layer(norm_->forward(x)));
      case ResidualKind::sandwich:
        return add(x, output_norm_->forward(sub_layer(norm_->forward(x))));
    }
    throw std::logic_error("a residual kind without wiring");
  }

 private:
  /// x + dropout(f)
  Tensor add(const Tensor& x, const Tensor& f) const;

  ResidualKind kind_;
  double dropout_;
  std::shared_ptr<Norm> norm_, output_norm_;
};

}  // namespace ablate
