#pragma once
// The decoder: N layers of masked self-attention, attention to the encoder's output and feed-forward (Vaswani et al.
// 2017, section 3.1, figure 1 right):
//   y = wire(x, SelfAttention(x, x)), z = wire(y, CrossAttention(y, memory)), o = wire(z, FFN(z)), with
// wire as in residual.h. Where there is no encoder z is y (Liu et al. 2018, section 4.2.3). A decoder that reads
// prefixes sees the first tokens of a row from both sides (Raffel et al. 2020, section 3.2.1); its positions tell what
// stands ahead from what stands behind, as an encoder's do.
#include "transformer/model/encoder.h"

namespace ablate {

/// What the decoder remembers of earlier steps, one entry per layer. Rows are hypotheses.
struct DecoderCache {
  struct Layer {
    AttentionCache self_attention, cross_attention;
  };
  std::vector<Layer> layers;
  std::int64_t length = 0;  ///< number of target positions already read
  /// Given, it says where each row's keys are, so that they are never moved; steps are then of one position, and the
  /// memory has a row for each sentence instead of one for each hypothesis; rows are selected by it.
  std::optional<RowHistory> history{};

  /// Puts what was read without a history into one: steps go on from there as if it had always been. A model without
  /// an encoder only.
  void keep_history();
  /// Keeps and reorders rows: row i becomes the former row index[i]. index (n) int64.
  void select(const Tensor& index);
  /// The same, where every row stays with its own source sentence: cross-attention need not be touched.
  void select_within_sentences(const Tensor& index);
};

/// The encoder's output and who may be looked at in it; empty where there is no encoder.
struct Memory {
  Tensor states;       ///< (B, S, D)
  AttentionMask mask;  ///< hides the source's padding
};

class DecoderLayer : public torch::nn::Module {
 public:
  /// Whether its queries look back alone.
  static bool is_causal(const DecoderConfig& config) { return !config.reads_prefix; }
  DecoderLayer(const DecoderConfig& config, const LayerPlace<DecoderLayer>& place, const InitializationConfig& init,
               std::int64_t d_model, ParameterFactory& factory);
  Tensor forward(const Tensor& x, const Memory& memory, const AttentionMask& mask, Position& position,
                 DecoderCache* cache, std::size_t index, const std::string& name, AttentionTrace* trace,
                 const Tensor& real);
  bool reads_history() const {
    return self_attention_->reads_history() && (!cross_attention_ || cross_attention_->reads_history());
  }

 private:
  std::shared_ptr<Attention> self_attention_, cross_attention_;  ///< none to the memory where there is no encoder
  std::shared_ptr<FeedForward> feed_forward_;
  std::shared_ptr<Residual> self_attention_residual_, cross_attention_residual_, feed_forward_residual_;
};

class Decoder : public Stack<DecoderLayer> {
 public:
  /// `lift`: as in Encoder.
  Decoder(const DecoderConfig& config, const EmbeddingConfig& embedding, std::shared_ptr<Linear> lift,
          const InitializationConfig& init, std::int64_t d_model, std::int64_t max_length, ParameterFactory& factory);

  /// Scaled target embeddings (B, T, D or width of words) and memory -> hidden states (B, T, D). With a cache the T
  /// positions follow those that it already holds. `keys` as in AttentionMask: undefined where padding is on the right,
  /// and with a cache. `real` (B, T) bool is false for padding, which then reaches no expert; undefined: there is none,
  /// or nobody need know. `prefix` (B) int64: so many first positions of a row are seen from all of them; with a cache
  /// they are all among those that are read first. c10::Error if a position is beyond the last learned one;
  /// std::logic_error for a prefix that is not the beginning, or of a decoder that is not to read any.
  Tensor forward(const Tensor& embedded, const Memory& memory, DecoderCache* cache = nullptr,
                 AttentionTrace* trace = nullptr, const Tensor& keys = {}, const Tensor& real = {},
                 const Tensor& prefix = {});
  /// Whether a cache may have a RowHistory.
  bool reads_history() const;
  bool reads_prefix() const { return reads_prefix_; }

 private:
  bool reads_prefix_;
};

}  // namespace ablate
