#include "transformer/model/encoder.h"

namespace ablate {

AttentionInitialization attention_initialization(const InitializationConfig& init) {
  return {init.query_key_value, init.attention_output};
}

PositionContext position_context(const BlockConfig& config, std::int64_t d_model, std::int64_t max_length) {
  return {d_model, config.attention.key_width(d_model), config.attention.heads, max_length};
}

EncoderLayer::EncoderLayer(const EncoderConfig& config, const InitializationConfig& init, std::int64_t d_model,
                           ParameterFactory& factory) {
  const auto residual = [&] {
    return std::make_shared<Residual>(config.residual, config.norm, config.dropout, d_model, factory);
  };
  self_attention_ = register_module(
      "self_attention", make_attention(config.attention, d_model, attention_initialization(init), factory));
  self_attention_residual_ = register_module("self_attention_residual", residual());
  feed_forward_ = register_module("feed_forward",
                                  make_feed_forward(config.feed_forward, d_model, init.feed_forward, factory));
  feed_forward_residual_ = register_module("feed_forward_residual", residual());
}

Tensor EncoderLayer::forward(const Tensor& x, const AttentionMask& mask, Position& position, AttentionTrace* trace) {
  const Tensor attended = self_attention_residual_->forward(x, [&](const Tensor& y) {
    return self_attention_->forward(
        {.query_BTD = y, .memory_BSD = y, .mask = mask, .position = &position, .trace = trace});
  });
  return feed_forward_residual_->forward(attended, [&](const Tensor& y) { return feed_forward_->forward(y); });
}

Encoder::Encoder(const EncoderConfig& config, const EmbeddingConfig& embedding, const InitializationConfig& init,
                 std::int64_t d_model, std::int64_t max_length, ParameterFactory& factory)
    : embedding_dropout_(embedding.dropout.value_or(config.dropout)) {
  position_ = register_module("position", make_position(config.position, position_context(config, d_model, max_length),
                                                        init.embedding, factory));
  const auto list = register_module("layers", std::make_shared<torch::nn::ModuleListImpl>());
  for (std::int64_t i = 0; i < config.layers; ++i) {
    layers_.push_back(std::make_shared<EncoderLayer>(config, init, d_model, factory));
    list->push_back(layers_.back());
  }
  if (needs_final_norm(residual_table().at(config.residual.kind))) {
    final_norm_ = register_module("final_norm", make_norm(config.norm, d_model, factory));
  }
}

Tensor Encoder::forward(const Tensor& embedded, const AttentionMask& mask, AttentionTrace* trace) {
  Tensor x = apply_dropout(position_->embed(embedded, 0), embedding_dropout_, is_training());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (trace != nullptr) trace->prefix = "encoder.layers." + std::to_string(i) + ".self_attention";
    x = layers_[i]->forward(x, mask, *position_, trace);
  }
  return final_norm_ ? final_norm_->forward(x) : x;
}

}  // namespace ablate
