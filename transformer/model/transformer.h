#pragma once
// The Transformer (Vaswani et al. 2017), from tokens to the scores of the next one, with every part chosen by a
// ModelConfig. The one place that puts embeddings, encoder and decoder together; the family says which of them there
// are:
//   encoder_decoder  p(y_t | y_<t, x) = softmax(W Decoder(E y_<t, Encoder(E x)))_t
//   decoder          p(y_t | y_<t) = softmax(W Decoder(E y_<t))_t                    (Radford et al. 2018, eq. (2))
//   encoder          what the head says of Encoder(E x), see head.h                  (Devlin et al. 2019, section 3)
#include "transformer/core/batch.h"
#include "transformer/model/decoder.h"
#include "transformer/model/head.h"

namespace ablate {

class Transformer : public torch::nn::Module {
 public:
  Transformer(const ModelConfig& config, const VocabularyInfo& vocabulary, ParameterFactory& factory);

  bool has_encoder() const { return encoder_ != nullptr; }
  bool has_decoder() const { return decoder_ != nullptr; }

  /// source (B, S) int64 -> memory; padding is hidden: what `real` (B, S) bool says, or else whatever has the id of
  /// padding. types (B, S) int64, see Embeddings::source(). std::invalid_argument for another shape, here and below;
  /// std::logic_error without an encoder.
  Memory encode(const Tensor& source, AttentionTrace* trace = nullptr, const Tensor& real = {},
                const Tensor& types = {});

  /// target (B, T) int64 -> hidden states (B, T, D). With a cache: the next T positions. Without an encoder the memory
  /// is empty; std::logic_error without a decoder. `real` (B, T) bool is needed where padding is not on the right; not
  /// with a cache. `prefix` (B) int64 as in Decoder::forward().
  Tensor decode(const Tensor& target, const Memory& memory, DecoderCache* cache = nullptr,
                AttentionTrace* trace = nullptr, const Tensor& real = {}, const Tensor& prefix = {});

  /// Whether the cache of decode() may have a RowHistory.
  bool reads_history() const { return has_decoder() && decoder_->reads_history(); }
  /// Whether decode() may be given a prefix.
  bool reads_prefix() const { return has_decoder() && decoder_->reads_prefix(); }

  /// Hidden states (…, D) -> scores (…, V) of the next token, of hidden tokens or of classes before softmax, or the
  /// number (…, 1): output_weight() output_input(hidden) + output_bias().
  Tensor logits(const Tensor& hidden) const { return at::linear(output_input(hidden), output_weight(), output_bias()); }
  Tensor output_input(const Tensor& hidden) const;
  Tensor output_weight() const;
  Tensor output_bias() const;

  /// What the head of an encoder alone makes of its output: (B, S, D or width of words) for every token, or (B, 1, D)
  /// for each text; std::logic_error without a head.
  Tensor head_states(const Memory& encoded);

  /// Teacher forcing: hidden states (B, T, D) of a batch, which predict its target_output. Of an encoder alone those of
  /// its head.
  Tensor forward(const Batch& batch, AttentionTrace* trace = nullptr);

  /// Whether anything is said: a head may give states alone.
  bool has_output() const { return has_output_; }
  const HeadConfig* head() const { return head_ ? &head_->config() : nullptr; }

  const Embeddings& embeddings() const { return *embedding_; }
  std::int64_t pad() const { return vocabulary_.pad; }
  std::int64_t source_size() const { return vocabulary_.source_size; }
  std::int64_t target_size() const { return vocabulary_.target_size; }
  std::int64_t max_length() const { return max_length_; }
  at::Device device() const { return embedding_->device(); }
  at::ScalarType dtype() const { return embedding_->dtype(); }

 private:
  VocabularyInfo vocabulary_;
  std::int64_t max_length_;
  bool decoder_has_experts_, has_output_;
  std::shared_ptr<Embeddings> embedding_;
  std::shared_ptr<Encoder> encoder_;
  std::shared_ptr<Decoder> decoder_;
  std::shared_ptr<Head> head_;  ///< of an encoder alone
};

/// Builds on `device` and fills with first values drawn from `seed`. On the meta device no memory is taken.
std::shared_ptr<Transformer> make_transformer(const ModelConfig& config, const VocabularyInfo& vocabulary,
                                              at::Device device, std::uint64_t seed);

/// Number of parameters; one that is used in several places counts once.
std::int64_t count_parameters(const torch::nn::Module& module);

/// The same of a model that is not built: takes no memory.
std::int64_t count_parameters(const ModelConfig& config, const VocabularyInfo& vocabulary);

}  // namespace ablate
