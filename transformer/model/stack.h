#pragma once
// What the encoder and the decoder have in common: x = dropout(embedding + position), N layers, and a norm on top where
// the wiring asks for one (Vaswani et al. 2017, section 3.1; Xiong et al. 2020, table 1).
#include "transformer/layers/dropout.h"
#include "transformer/model/config.h"

namespace ablate {

/// `Layer` is constructed from (config, init, d_model, factory). Parameters are created in the order of the names:
/// position, layers, final_norm.
template <class Layer>
class Stack : public torch::nn::Module {
 protected:
  template <class Config>
  Stack(const Config& config, const EmbeddingConfig& embedding, const InitializationConfig& init, std::int64_t d_model,
        std::int64_t max_length, ParameterFactory& factory)
      : embedding_dropout_(embedding.dropout.value_or(config.dropout)) {
    const PositionContext context{d_model, config.attention.key_width(d_model), config.attention.heads, max_length};
    position_ = register_module("position", make_position(config.position, context, init.embedding, factory));
    const auto list = register_module("layers", std::make_shared<torch::nn::ModuleListImpl>());
    for (std::int64_t i = 0; i < config.layers; ++i) {
      layers_.push_back(std::make_shared<Layer>(config, init, d_model, factory));
      list->push_back(layers_.back());
    }
    if (needs_final_norm(residual_table().at(config.residual.kind))) {
      final_norm_ = register_module("final_norm", make_norm(config.norm, d_model, factory));
    }
  }

  /// What the first layer reads: embedded (B, T, D) at the positions first, first + 1, …
  Tensor enter(const Tensor& embedded, std::int64_t first) {
    return apply_dropout(position_->embed(embedded, first), embedding_dropout_, is_training());
  }
  /// What the stack gives for the output of its last layer.
  Tensor leave(const Tensor& x) { return final_norm_ ? final_norm_->forward(x) : x; }

  std::shared_ptr<Position> position_;
  std::vector<std::shared_ptr<Layer>> layers_;

 private:
  double embedding_dropout_;
  std::shared_ptr<Norm> final_norm_;
};

}  // namespace ablate
