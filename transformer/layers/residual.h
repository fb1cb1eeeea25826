#pragma once
// The wiring of a layer: where the norm stands, where dropout stands, what is added to what. No other file knows
// (Vaswani et al. 2017, section 3.1 and 5.4; Wang et al. 2019; Xiong et al. 2020; Ding et al. 2021; Wang & Komatsuzaki
// 2021).
#include "transformer/layers/norm.h"

#include <c10/util/FunctionRef.h>

#include <initializer_list>

namespace ablate {

enum class ResidualKind { post_norm, pre_norm, sandwich, output_norm, parallel, parallel_norms };

struct ResidualConfig {
  std::string kind = "post_norm";
  void describe(config::Fields& f);
};

const config::VariantTable<ResidualKind>& residual_table();

/// Post-norm leaves its last sub-layer normalised; the others need a norm on top of the stack.
bool needs_final_norm(ResidualKind kind);

struct SubLayer;

/// A layer: x (B, T, D) through its sub-layers, which are wired alike. One after the other, or, in the parallel kinds,
/// x + f_1(norm(x)) + f_2(norm(x)) + …
Tensor wire(const Tensor& x, std::initializer_list<SubLayer> sub_layers);

/// What a sub-layer's place in the residual stream has of its own.
class Residual : public torch::nn::Module {
 public:
  /// `is_first`: of the sub-layers of its layer.
  Residual(const ResidualConfig& config, const NormConfig& norm, double dropout, std::int64_t d_model, bool is_first,
           ParameterFactory& factory);

 private:
  friend Tensor wire(const Tensor& x, std::initializer_list<SubLayer> sub_layers);
  /// x (B, T, D) -> (B, T, D), one sub-layer by itself.
  Tensor forward(const Tensor& x, c10::function_ref<Tensor(const Tensor&)> sub_layer);
  /// x + dropout(f)
  Tensor add(const Tensor& x, const Tensor& f) const;
  bool is_parallel() const { return kind_ == ResidualKind::parallel || kind_ == ResidualKind::parallel_norms; }

  ResidualKind kind_;
  double dropout_;
  std::shared_ptr<Norm> norm_, output_norm_;
};

struct SubLayer {
  Residual& residual;
  c10::function_ref<Tensor(const Tensor&)> f;  ///< (B, T, D) -> (B, T, D)
};

}  // namespace ablate
