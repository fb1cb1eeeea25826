#pragma once
// The encoder: N layers of self-attention and feed-forward (Vaswani et al. 2017, section 3.1, figure 1 left):
//   y = wire(x, SelfAttention(x, x)), z = wire(y, FFN(y)), with wire as residual.h has it.
#include "transformer/model/stack.h"

namespace ablate {

class EncoderLayer : public torch::nn::Module {
 public:
  /// Whether its queries look back alone.
  static bool is_causal(const EncoderConfig&) { return false; }
  EncoderLayer(const EncoderConfig& config, const LayerPlace<EncoderLayer>& place, const InitializationConfig& init,
               std::int64_t d_model, ParameterFactory& factory);
  Tensor forward(const Tensor& x, const AttentionMask& mask, Position& position, AttentionTrace* trace);

 private:
  std::shared_ptr<Attention> self_attention_;
  std::shared_ptr<FeedForward> feed_forward_;
  std::shared_ptr<Residual> self_attention_residual_, feed_forward_residual_;
};

class Encoder : public Stack<EncoderLayer> {
 public:
  /// `lift`: from the width of words to d_model, behind positions and norm; may be nullptr.
  Encoder(const EncoderConfig& config, const EmbeddingConfig& embedding, std::shared_ptr<Linear> lift,
          const InitializationConfig& init, std::int64_t d_model, std::int64_t max_length, ParameterFactory& factory);

  /// Scaled source embeddings (B, S, D or width of words) -> memory (B, S, D). `mask` hides padding. c10::Error if S is
  /// beyond the last learned position.
  Tensor forward(const Tensor& embedded, const AttentionMask& mask, AttentionTrace* trace = nullptr);
};

/// The same for every attention, and for every feed-forward unit, of a model.
AttentionInitialization attention_initialization(const InitializationConfig& init);
FeedForwardInitialization feed_forward_initialization(const InitializationConfig& init);

}  // namespace ablate
