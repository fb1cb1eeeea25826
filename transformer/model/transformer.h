#pragma once
// The Transformer (Vaswani et al. 2017), from tokens to the scores of the next one, with every part chosen by a
// ModelConfig. The one place that puts embeddings, encoder and decoder together; the family says which of them there
// are:
//   encoder_decoder  p(y_t | y_<t, x) = softmax(W Decoder(E y_<t, Encoder(E x)))_t
//   decoder          p(y_t | y_<t) = softmax(W Decoder(E y_<t))_t                    (Radford et al. 2018, eq. (2))
#include "transformer/core/batch.h"
#include "transformer/model/decoder.h"

namespace ablate {

class Transformer : public torch::nn::Module {
 public:
  Transformer(const ModelConfig& config, const VocabularyInfo& vocabulary, ParameterFactory& factory);

  bool has_encoder() const { return encoder_ != nullptr; }

  /// source (B, S) int64 -> memory; padding is hidden: what `real` (B, S) bool says, or else whatever has the id of
  /// padding. std::invalid_argument for another shape, here and below; std::logic_error without an encoder.
  Memory encode(const Tensor& source, AttentionTrace* trace = nullptr, const Tensor& real = {});

  /// target (B, T) int64 -> hidden states (B, T, D). With a cache: the next T positions. Without an encoder the memory
  /// is empty. `real` (B, T) bool is needed where padding is not on the right; not with a cache.
  Tensor decode(const Tensor& target, const Memory& memory, DecoderCache* cache = nullptr,
                AttentionTrace* trace = nullptr, const Tensor& real = {});

  /// Whether the cache of decode() may have a RowHistory.
  bool reads_history() const { return decoder_->reads_history(); }

  /// (…, D) -> scores (…, V) of the next token before softmax.
  Tensor logits(const Tensor& hidden) const { return embedding_->logits(hidden); }

  /// Teacher forcing: hidden states (B, T, D) of a batch, which predict its target_output.
  Tensor forward(const Batch& batch, AttentionTrace* trace = nullptr) {
    return decode(batch.target_input, has_encoder() ? encode(batch.source, trace) : Memory{}, nullptr, trace);
  }

  const Embeddings& embeddings() const { return *embedding_; }
  std::int64_t pad() const { return vocabulary_.pad; }
  std::int64_t target_size() const { return vocabulary_.target_size; }
  std::int64_t max_length() const { return max_length_; }
  at::Device device() const { return embedding_->device(); }
  at::ScalarType dtype() const { return embedding_->dtype(); }

 private:
  VocabularyInfo vocabulary_;
  std::int64_t max_length_;
  bool decoder_has_experts_;
  std::shared_ptr<Embeddings> embedding_;
  std::shared_ptr<Encoder> encoder_;
  std::shared_ptr<Decoder> decoder_;
};

/// Builds on `device` and fills with first values drawn from `seed`. On the meta device no memory is taken.
std::shared_ptr<Transformer> make_transformer(const ModelConfig& config, const VocabularyInfo& vocabulary,
                                              at::Device device, std::uint64_t seed);

/// Number of parameters; one that is used in several places counts once.
std::int64_t count_parameters(const torch::nn::Module& module);

/// The same of a model that is not built: takes no memory.
std::int64_t count_parameters(const ModelConfig& config, const VocabularyInfo& vocabulary);

}  // namespace ablate
