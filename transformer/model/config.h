#pragma once
// The `model` section of an experiment file. A stack (encoder, decoder) starts from what stands in `model` itself and
// overrides what it names.
#include "transformer/layers/attention.h"
#include "transformer/layers/embedding.h"
#include "transformer/layers/feed_forward.h"
#include "transformer/layers/residual.h"

namespace ablate {

/// Which parameters all layers of a stack have in common (Lan et al. 2020, section 3.1).
enum class LayerSharing { none, all, attention, feed_forward };
const config::VariantTable<LayerSharing>& sharing_table();

/// What every layer of a stack is made of.
struct BlockConfig {
  NormConfig norm;
  ResidualConfig residual;
  AttentionConfig attention;
  FeedForwardConfig feed_forward;
  PositionConfig position;
  std::string sharing = "none";
  double dropout = 0.1;
  void describe(config::Fields& f);
};

struct EncoderConfig : BlockConfig {
  std::int64_t layers = 6;
  void describe(config::Fields& f);
};

struct DecoderConfig : BlockConfig {
  std::int64_t layers = 6;
  bool reads_memory = true;   ///< the family decides: without an encoder there is no cross-attention
  bool reads_prefix = false;  ///< the objective decides: rows begin with tokens that are seen from both sides
  AttentionConfig cross_attention;
  void describe(config::Fields& f);
};

/// Which stacks a model has.
struct Family {
  bool encoder, decoder;
};
const config::VariantTable<Family>& family_table();

/// What the output of an encoder by itself becomes, see head.h.
struct HeadConfig {
  std::string kind = "words";
  std::string pooling = "first";
  bool hidden = true;
  std::string activation = "tanh";
  std::optional<std::int64_t> classes;
  double dropout = 0.1;
  void describe(config::Fields& f);
};

struct ModelConfig : BlockConfig {
  std::string family = "encoder_decoder";
  std::int64_t d_model = 512;
  std::int64_t max_length = 512;
  std::optional<std::int64_t> vocabulary;
  std::optional<std::int64_t> target_vocabulary;
  EmbeddingConfig embedding;
  InitializationConfig initialization;
  HeadConfig head;
  EncoderConfig encoder;
  DecoderConfig decoder;
  void describe(config::Fields& f);
  /// Of the row that `family` names; UserError if there is none.
  const Family& stacks() const { return family_table().at(family); }
  /// What the model says is words of a vocabulary: not the class of a text, nor a number.
  bool says_words() const { return stacks().decoder || head.kind == "words"; }
  /// Whether the layer of a head of words gives states of a factorised word's width, which a tied output reads.
  bool head_lowers() const;
};

}  // namespace ablate
