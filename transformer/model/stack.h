#pragma once
// What the encoder and the decoder have in common: x = dropout(norm(embedding + position)), where that norm is an
// option, lifted to d_model where it is not yet, N layers, which may be one, and a norm on top where the wiring asks
// for one (Vaswani et al. 2017, section 3.1; Xiong et al. 2020, table 1; Lan et al. 2020, section 3.1).
#include "transformer/layers/dropout.h"
#include "transformer/model/config.h"
#include "transformer/model/layer_list.h"

namespace ablate {

/// Which layer of its stack a layer is.
template <class Layer>
struct LayerPlace {
  std::int64_t index;  ///< from 0
  const Layer* first;  ///< the first one, with which it may have parts in common; nullptr: it is the first one
};

/// `Layer` is constructed from (config, place, init, d_model, factory). Parameters are created in the order of the
/// names: position, embedding_norm, layers, final_norm.
template <class Layer>
class Stack : public torch::nn::Module {
 protected:
  template <class Config>
  Stack(const Config& config, const EmbeddingConfig& embedding, std::shared_ptr<Linear> lift,
        const InitializationConfig& init, std::int64_t d_model, std::int64_t max_length, ParameterFactory& factory)
      : embedding_dropout_(embedding.dropout.value_or(config.dropout)), lift_(std::move(lift)) {
    PositionContext context{.d_model = d_model,
                            .d_k = config.attention.key_width(d_model),
                            .heads = config.attention.heads,
                            .max_length = max_length,
                            .causal = Layer::is_causal(config),
                            .d_v = config.attention.value_width(d_model),
                            .embedding_width = embedding.sum_width(d_model)};
    const auto make = [&] { return make_position(config.position, context, init.embedding, factory); };
    position_ = register_module("position", make());
    context.first = position_.get();
    if (embedding.norm.kind != "none") {
      embedding_norm_ =
          register_module("embedding_norm", make_norm(embedding.norm, embedding.sum_width(d_model), factory));
    }
    const LayerSharing sharing = sharing_table().at(config.sharing);
    const bool shares_attention = sharing == LayerSharing::all || sharing == LayerSharing::attention;
    const auto list = register_module("layers", std::make_shared<LayerList>(config.layers));
    for (std::int64_t i = 0; i < config.layers; ++i) {
      const Layer* const first = i > 0 ? layers_.front().get() : nullptr;
      if (sharing == LayerSharing::all && first != nullptr) {
        layers_.push_back(layers_.front());
      } else {
        layers_.push_back(std::make_shared<Layer>(config, LayerPlace<Layer>{i, first}, init, d_model, factory));
        list->push_back(layers_.back());
      }
      // The first layer has that of the stack.
      const bool is_own = position_->is_per_layer() && i > 0 && !shares_attention;
      positions_.push_back(is_own ? layers_.back()->register_module("position", make()) : position_);
    }
    if (needs_final_norm(residual_table().at(config.residual.kind))) {
      final_norm_ = register_module("final_norm", make_norm(config.norm, d_model, factory));
    }
  }

  /// What the first layer reads, (B, T, D): embedded (B, T, width of words or D) at the positions first, first + 1, …,
  /// of which `keys` are real.
  Tensor enter(const Tensor& embedded, std::int64_t first, const Tensor& keys) {
    const Tensor placed = position_->embed(embedded, first, keys);
    const Tensor x =
        apply_dropout(embedding_norm_ ? embedding_norm_->forward(placed) : placed, embedding_dropout_, is_training());
    return lift_ ? lift_->forward(x) : x;
  }
  /// What the stack gives for the output of its last layer.
  Tensor leave(const Tensor& x) { return final_norm_ ? final_norm_->forward(x) : x; }

  std::shared_ptr<Position> position_;
  std::vector<std::shared_ptr<Layer>> layers_;
  std::vector<std::shared_ptr<Position>> positions_;  ///< of each layer's self-attention

 private:
  double embedding_dropout_;
  std::shared_ptr<Linear> lift_;  ///< registered with the embeddings
  std::shared_ptr<Norm> embedding_norm_, final_norm_;
};

}  // namespace ablate
