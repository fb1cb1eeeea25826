#pragma once
// What the encoder and the decoder have in common: x = dropout(norm(embedding + position)), where that norm is an
// option, N layers, and a norm on top where the wiring asks for one (Vaswani et al. 2017, section 3.1; Xiong et al.
// 2020, table 1).
#include "transformer/layers/dropout.h"
#include "transformer/model/config.h"

namespace ablate {

/// `Layer` is constructed from (config, init, d_model, factory). Parameters are created in the order of the names:
/// position, embedding_norm, layers, final_norm.
template <class Layer>
class Stack : public torch::nn::Module {
 protected:
  template <class Config>
  Stack(const Config& config, const EmbeddingConfig& embedding, const InitializationConfig& init, std::int64_t d_model,
        std::int64_t max_length, ParameterFactory& factory)
      : embedding_dropout_(embedding.dropout.value_or(config.dropout)) {
    const PositionContext context{d_model, config.attention.key_width(d_model), config.attention.heads, max_length,
                                  Layer::is_causal};
    const auto make = [&] { return make_position(config.position, context, init.embedding, factory); };
    position_ = register_module("position", make());
    if (embedding.norm.kind != "none") {
      embedding_norm_ = register_module("embedding_norm", make_norm(embedding.norm, d_model, factory));
    }
    const auto list = register_module("layers", std::make_shared<torch::nn::ModuleListImpl>());
    for (std::int64_t i = 0; i < config.layers; ++i) {
      layers_.push_back(std::make_shared<Layer>(config, init, d_model, factory));
      list->push_back(layers_.back());
      // The first layer has that of the stack.
      const bool is_own = config.position.per_layer && i > 0;
      positions_.push_back(is_own ? layers_.back()->register_module("position", make()) : position_);
    }
    if (needs_final_norm(residual_table().at(config.residual.kind))) {
      final_norm_ = register_module("final_norm", make_norm(config.norm, d_model, factory));
    }
  }

  /// What the first layer reads: embedded (B, T, D) at the positions first, first + 1, …, of which `keys` are real.
  Tensor enter(const Tensor& embedded, std::int64_t first, const Tensor& keys) {
    const Tensor placed = position_->embed(embedded, first, keys);
    return apply_dropout(embedding_norm_ ? embedding_norm_->forward(placed) : placed, embedding_dropout_,
                         is_training());
  }
  /// What the stack gives for the output of its last layer.
  Tensor leave(const Tensor& x) { return final_norm_ ? final_norm_->forward(x) : x; }

  std::shared_ptr<Position> position_;
  std::vector<std::shared_ptr<Layer>> layers_;
  std::vector<std::shared_ptr<Position>> positions_;  ///< of each layer's self-attention

 private:
  double embedding_dropout_;
  std::shared_ptr<Norm> embedding_norm_, final_norm_;
};

}  // namespace ablate
