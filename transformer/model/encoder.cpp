#include "transformer/model/encoder.h"

#include "transformer/model/layer_states.h"

namespace ablate {

AttentionInitialization attention_initialization(const InitializationConfig& init) {
  return {init.query, init.query_key_value, init.attention_output};
}

FeedForwardInitialization feed_forward_initialization(const InitializationConfig& init) {
  return {init.feed_forward, init.feed_forward_output};
}

EncoderLayer::EncoderLayer(const EncoderConfig& config, const LayerPlace<EncoderLayer>& place,
                           const InitializationConfig& init, std::int64_t d_model, ParameterFactory& factory) {
  const auto residual = [&](bool is_first) {
    return std::make_shared<Residual>(config.residual, config.norm, config.dropout, d_model, is_first, factory);
  };
  const LayerSharing sharing = sharing_table().at(config.sharing);
  if (place.first != nullptr && sharing == LayerSharing::attention) {
    self_attention_ = place.first->self_attention_;
  } else {
    self_attention_ = register_module(
        "self_attention", make_attention(config.attention, d_model, attention_initialization(init), factory));
  }
  self_attention_residual_ = register_module("self_attention_residual", residual(true));
  if (place.first != nullptr && sharing == LayerSharing::feed_forward) {
    feed_forward_ = place.first->feed_forward_;
  } else {
    feed_forward_ =
        register_module("feed_forward", make_feed_forward(config.feed_forward.of_layer(place.index), d_model,
                                                          feed_forward_initialization(init), factory));
  }
  feed_forward_residual_ = register_module("feed_forward_residual", residual(false));
}

Tensor EncoderLayer::forward(const Tensor& x, const AttentionMask& mask, Position& position, AttentionTrace* trace) {
  const auto attend = [&](const Tensor& y) {
    return self_attention_->forward(
        {.query_BTD = y, .memory_BSD = y, .mask = mask, .position = &position, .trace = trace});
  };
  const Tensor real = mask.keys.defined() ? mask.keys.flatten(1) : Tensor();  // (B, T)
  const auto feed = [&](const Tensor& y) { return feed_forward_->forward(y, real); };
  return wire(x, {{*self_attention_residual_, attend}, {*feed_forward_residual_, feed}});
}

Encoder::Encoder(const EncoderConfig& config, const EmbeddingConfig& embedding, std::shared_ptr<Linear> lift,
                 const InitializationConfig& init, std::int64_t d_model, std::int64_t max_length,
                 ParameterFactory& factory)
    : Stack(config, embedding, std::move(lift), init, d_model, max_length, factory) {}

Tensor Encoder::forward(const Tensor& embedded, const AttentionMask& mask, AttentionTrace* trace) {
  Tensor x = enter(embedded, 0, mask.keys);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (trace != nullptr) trace->prefix = "encoder.layers." + std::to_string(i) + ".self_attention";
    LayerStates::add("encoder", x);
    x = layers_[i]->forward(x, mask, *positions_[i], trace);
  }
  const Tensor states = leave(x);
  LayerStates::add("encoder", states);
  return states;
}

}  // namespace ablate
