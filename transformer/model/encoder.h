#pragma once
// The encoder: N layers of self-attention and feed-forward (Vaswani et al. 2017, section 3.1, figure 1 left).
#include "transformer/model/config.h"

namespace ablate {

class EncoderLayer : public torch::nn::Module {
 public:
  EncoderLayer(const EncoderConfig& config, const InitializationConfig& init, std::int64_t d_model,
               ParameterFactory& factory);
  Tensor forward(const Tensor& x, const AttentionMask& mask, Position& position, AttentionTrace* trace);

 private:
  std::shared_ptr<Attention> self_attention_;
  std::shared_ptr<FeedForward> feed_forward_;
  std::shared_ptr<Residual> self_attention_residual_, feed_forward_residual_;
};

class Encoder : public torch::nn::Module {
 public:
  Encoder(const EncoderConfig& config, const EmbeddingConfig& embedding, const InitializationConfig& init,
          std::int64_t d_model, std::int64_t max_length, ParameterFactory& factory);

  /// Scaled source embeddings (B, S, D) -> memory (B, S, D). `mask` hides padding.
  Tensor forward(const Tensor& embedded, const AttentionMask& mask, AttentionTrace* trace = nullptr);

 private:
  double embedding_dropout_;
  std::shared_ptr<Position> position_;
  std::vector<std::shared_ptr<EncoderLayer>> layers_;
  std::shared_ptr<Norm> final_norm_;
};

/// The parts that both stacks make in the same way.
AttentionInitialization attention_initialization(const InitializationConfig& init);
PositionContext position_context(const BlockConfig& config, std::int64_t d_model, std::int64_t max_length);

}  // namespace ablate
