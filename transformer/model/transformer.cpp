#include "transformer/model/transformer.h"

#include "transformer/core/shape.h"

#include <stdexcept>

namespace ablate {

Transformer::Transformer(const ModelConfig& config, const VocabularyInfo& vocabulary, ParameterFactory& factory)
    : vocabulary_(vocabulary),
      max_length_(config.max_length),
      decoder_has_experts_(config.decoder.feed_forward.experts.any()),
      has_output_(config.stacks().decoder || head_table().at(config.head.kind) != HeadKind::pooled) {
  const Family& stacks = config.stacks();
  embedding_ = register_module("embedding",
                               std::make_shared<Embeddings>(config.embedding, config.d_model, vocabulary,
                                                            EmbeddingSides{.source = stacks.encoder,
                                                                           .target = stacks.decoder,
                                                                           .output = config.says_words(),
                                                                           .states_are_lowered = config.head_lowers()},
                                                            config.initialization.embedding, factory));
  if (stacks.encoder) {
    encoder_ = register_module(
        "encoder", std::make_shared<Encoder>(config.encoder, config.embedding, embedding_->source_lift(),
                                             config.initialization, config.d_model, config.max_length, factory));
  }
  if (!stacks.decoder) {
    const std::int64_t said = config.head_lowers() ? config.embedding.word_width(config.d_model) : config.d_model;
    head_ = register_module("head", std::make_shared<Head>(config.head, config.encoder.norm, config.d_model, said,
                                                           vocabulary.target_size, config.initialization, factory));
    return;
  }
  DecoderConfig decoder = config.decoder;
  decoder.reads_memory = stacks.encoder;
  decoder_ = register_module(
      "decoder", std::make_shared<Decoder>(decoder, config.embedding, embedding_->target_lift(), config.initialization,
                                           config.d_model, config.max_length, factory));
}

Memory Transformer::encode(const Tensor& source, AttentionTrace* trace, const Tensor& real, const Tensor& types) {
  if (!has_encoder()) throw std::logic_error("there is no encoder to encode with");
  check_shape(source, {any, any}, "source");
  if (real.defined()) check_shape(real, {source.size(0), source.size(1)}, "real");
  const AttentionMask mask = real.defined() ? key_mask(real) : padding_mask(source, vocabulary_.pad);
  return {encoder_->forward(embedding_->source(source, types), mask, trace), mask};
}

Tensor Transformer::forward(const Batch& batch, AttentionTrace* trace) {
  const Memory memory = has_encoder() ? encode(batch.source, trace, {}, batch.source_types) : Memory{};
  return head_ ? head_->forward(memory) : decode(batch.target_input, memory, nullptr, trace, {}, batch.prefix);
}

Tensor Transformer::output_input(const Tensor& hidden) const {
  return head_ && head_->has_output() ? hidden : embedding_->output_input(hidden);
}
Tensor Transformer::output_weight() const {
  return head_ && head_->has_output() ? head_->output().weight : embedding_->output_weight();
}
Tensor Transformer::output_bias() const {
  return head_ && head_->has_output() ? head_->output().bias : embedding_->output_bias();
}

Tensor Transformer::head_states(const Memory& encoded) {
  if (!head_) throw std::logic_error("there is no head to say anything with");
  return head_->forward(encoded);
}

Tensor Transformer::decode(const Tensor& target, const Memory& memory, DecoderCache* cache, AttentionTrace* trace,
                           const Tensor& real, const Tensor& prefix) {
  if (!has_decoder()) throw std::logic_error("there is no decoder to decode with");
  if (cache != nullptr && cache->history) {
    check_shape(target, {cache->history->rows(), 1}, "target");
  } else {
    check_shape(target, {has_encoder() ? memory.states.size(0) : any, any}, "target");
  }
  if (real.defined()) check_shape(real, {target.size(0), target.size(1)}, "real");
  if (prefix.defined()) check_shape(prefix, {target.size(0)}, "prefix");
  const Tensor keys = real.defined() ? key_mask(real).keys : Tensor();
  // Where padding on the right stands matters to nobody but experts, whose load it would be.
  Tensor routed = real;
  if (!real.defined() && decoder_has_experts_ && is_training()) {
    const Tensor words = padding_mask(target, vocabulary_.pad).keys;
    if (words.defined()) routed = words.flatten(1);
  }
  return decoder_->forward(embedding_->target(target), memory, cache, trace, keys, routed, prefix);
}

std::shared_ptr<Transformer> make_transformer(const ModelConfig& config, const VocabularyInfo& vocabulary,
                                              at::Device device, std::uint64_t seed) {
  ParameterFactory factory(device);
  auto model = std::make_shared<Transformer>(config, vocabulary, factory);
  factory.initialize(seed);
  return model;
}

std::int64_t count_parameters(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

std::int64_t count_parameters(const ModelConfig& config, const VocabularyInfo& vocabulary) {
  return count_parameters(*make_transformer(config, vocabulary, at::kMeta, 0));
}

}  // namespace ablate
