#include "transformer/model/config.h"

#include "transformer/model/head.h"

#include <algorithm>
#include <cmath>

namespace ablate {
namespace {

constexpr config::Variant<Family> family_rows[] = {
    {{"encoder_decoder", "the source is read by an encoder, the target written by a decoder that attends to it",
      "Vaswani et al. 2017, section 3.1", ""},
     {.encoder = true, .decoder = true}},
    {{"decoder", "a language model: text is continued from left to right, there is no source",
      "Radford et al. 2018, section 3.1; Liu et al. 2018, section 4.2.3", ""},
     {.encoder = false, .decoder = true}},
    {{"encoder", "texts are read from both sides, and a head says what is asked of them", "Devlin et al. 2019", ""},
     {.encoder = true, .decoder = false}},
};
constexpr config::VariantTable<Family> families{"family", family_rows};

constexpr config::Variant<LayerSharing> sharing_rows[] = {
    {{"none", "every layer has parameters of its own", "Vaswani et al. 2017, section 3.1", ""}, LayerSharing::none},
    {{"all", "all layers are one", "Lan et al. 2020, section 3.1", ""}, LayerSharing::all},
    {{"attention", "all layers have one attention, with its positions, and norms of their own",
      "Lan et al. 2020, table 4", ""},
     LayerSharing::attention},
    {{"feed_forward", "all layers have one feed-forward unit, and norms of their own", "Lan et al. 2020, table 4", ""},
     LayerSharing::feed_forward},
};
constexpr config::VariantTable<LayerSharing> sharings{"sharing", sharing_rows};

/// Laws between the widths of one attention, blamed on `path`.
void check_attention(config::Fields& f, const std::string& path, const AttentionConfig& attention,
                     std::int64_t d_model) {
  const bool derived = !attention.d_k || !attention.d_v;
  f.check(!derived || d_model % attention.heads == 0, path + ".heads",
          "d_model " + std::to_string(d_model) + " is not a multiple of " + std::to_string(attention.heads) +
              " heads: change one of them, or name d_k and d_v");
}

/// Laws between experts and the layers that have them.
void check_experts(config::Fields& f, const std::string& path, const BlockConfig& stack, std::int64_t layers) {
  const ExpertsConfig& experts = stack.feed_forward.experts;
  if (!experts.any()) return;
  f.check(experts.every <= layers, path + ".feed_forward.experts.every",
          "of " + std::to_string(layers) + " layers none is the last of " + std::to_string(experts.every));
  const bool shares = stack.sharing == "all" || stack.sharing == "feed_forward";
  f.check(
      !shares || experts.every == 1, path + ".feed_forward.experts.every",
      "with sharing '" + stack.sharing + "' all layers have the same unit: 1, not " + std::to_string(experts.every));
}

void check_stack(config::Fields& f, const std::string& path, const BlockConfig& stack, std::int64_t layers,
                 std::int64_t d_model) {
  check_attention(f, path + ".attention", stack.attention, d_model);
  check_experts(f, path, stack, layers);
  if (stack.position.kind != "rotary") return;
  const double width = stack.position.fraction * static_cast<double>(stack.attention.key_width(d_model));
  const std::int64_t whole = std::llround(width);
  f.check(whole >= 2 && whole % 2 == 0, path + ".position",
          "rotary positions turn pairs of coordinates: fraction * d_k must be even, not " + std::to_string(whole));
}

/// How biases start has no effect where there are none.
void check_biases(config::Fields& f, const ModelConfig& model, const Family& stacks) {
  const std::string standard = WeightInitialization{}.bias;
  std::vector<const AttentionConfig*> attentions;
  if (stacks.encoder) attentions.push_back(&model.encoder.attention);
  if (stacks.decoder) attentions.push_back(&model.decoder.attention);
  if (stacks.encoder && stacks.decoder) attentions.push_back(&model.decoder.cross_attention);
  const bool in_inputs = std::ranges::any_of(attentions, [](const auto* one) { return one->has_input_bias(); });
  const bool in_outputs = std::ranges::any_of(attentions, [](const auto* one) { return one->has_output_bias(); });
  const bool in_feed_forward =
      (stacks.encoder && model.encoder.feed_forward.bias) || (stacks.decoder && model.decoder.feed_forward.bias);
  const auto check = [&](const char* key, const WeightInitialization& init, bool there_are) {
    f.check(there_are || init.bias == standard, std::string("initialization.") + key + ".bias",
            "has no effect: there are no such biases");
  };
  check("query_key_value", model.initialization.query_key_value, in_inputs);
  check("query", model.initialization.query, in_inputs);
  check("attention_output", model.initialization.attention_output, in_outputs);
  check("feed_forward", model.initialization.feed_forward, in_feed_forward);
  check("feed_forward_output", model.initialization.feed_forward_output, in_feed_forward);
}

}  // namespace

bool ModelConfig::head_lowers() const {
  const bool has_layer = !stacks().decoder && head.kind == "words" && head.hidden;
  return has_layer && embedding.factorization.kind != "none" && tying_table().at(embedding.tying).output_is_source;
}

const config::VariantTable<Family>& family_table() { return families; }
const config::VariantTable<LayerSharing>& sharing_table() { return sharings; }

void BlockConfig::describe(config::Fields& f) {
  f.object("norm", norm, "normalisation");
  f.object("residual", residual, "wiring around every sub-layer");
  f.object("attention", attention, "self-attention (and cross-attention, unless the decoder says otherwise)");
  f.object("feed_forward", feed_forward, "position-wise feed-forward unit");
  f.object("position", position, "positions");
  f.choice("sharing", sharing, sharings.choices(), "which parameters all layers of a stack have in common");
  f.field("dropout", dropout, "P_drop: on the output of every sub-layer and on embeddings plus positions",
          config::probability);
}

void EncoderConfig::describe(config::Fields& f) {
  f.field("layers", layers, "N, number of layers", config::Range{1, 10000});
  BlockConfig::describe(f);
}

void DecoderConfig::describe(config::Fields& f) {
  f.field("layers", layers, "N, number of layers", config::Range{1, 10000});
  BlockConfig::describe(f);
  f.only_if(reads_memory, "there is no encoder to attend to")
      .inheriting("cross_attention", cross_attention, attention, "attention", "attention to the encoder's output");
}

void ModelConfig::describe(config::Fields& f) {
  f.choice("family", family, families.choices(), "which stacks there are and what they learn");
  const config::VariantInfo* known = families.choices().find(family);
  const Family stacks = known != nullptr ? families.at(family) : Family{true, true};
  decoder.reads_memory = stacks.encoder;
  f.field("d_model", d_model, "width of the residual stream", config::width);
  f.field("max_length", max_length,
          "longest sequence in tokens, <s> or </s> included: longer pairs are skipped in training and cut in "
          "translation, longer documents are cut",
          config::Range{2, 1 << 24});
  f.field("vocabulary", vocabulary, "number of types (of the source, if target_vocabulary is given); null: the data's",
          config::Range{4, 1 << 28});
  f.only_if(stacks.encoder && stacks.decoder, "there is one vocabulary where there is one stack", "family")
      .field("target_vocabulary", target_vocabulary, "number of target types; null: the same as the source",
             config::Range{4, 1 << 28});
  const bool is_encoder = stacks.encoder && !stacks.decoder;
  f.only_if(is_encoder, "the family '" + family + "' has no head of its own: it says words", "family")
      .object("head", head, "what the encoder's output becomes");
  f.object("embedding", embedding, "token embeddings and the output layer");
  f.object("initialization", initialization, "how the weights start");
  BlockConfig::describe(f);
  const BlockConfig& shared = *this;
  f.only_if(stacks.encoder, "the family '" + family + "' has no encoder", "family")
      .inheriting("encoder", encoder, shared, "", "the encoder; inherits from the model what it does not name");
  f.only_if(stacks.decoder, "the family '" + family + "' has no decoder", "family")
      .inheriting("decoder", decoder, shared, "", "the decoder; inherits from the model what it does not name");

  check_biases(f, *this, stacks);
  if (stacks.encoder) check_stack(f, "encoder", encoder, encoder.layers, d_model);
  if (stacks.decoder) check_stack(f, "decoder", decoder, decoder.layers, d_model);
  if (is_encoder && head.kind != "words") {
    const EmbeddingConfig standard;
    const char* why = "has no effect: the head says no words";
    f.check(!embedding.output_bias, "embedding.output_bias", why);
    f.check(embedding.output_scale == standard.output_scale, "embedding.output_scale", why);
    f.check(embedding.tying == standard.tying, "embedding.tying", why);
    f.check(embedding.factorization.output == standard.factorization.output, "embedding.factorization.output", why);
  }
  const bool is_lowered_twice = embedding.factorization.output != FactorizationConfig{}.output;
  f.check(!is_encoder || !head_lowers() || !is_lowered_twice, "embedding.factorization.output",
          "has no effect: the layer of the head brings states to the width of words");
  f.check(is_encoder || embedding.token_types == 0, "embedding.token_types",
          "tell two texts apart that an encoder reads alone: the family '" + family + "' has none");
  if (stacks.decoder && stacks.encoder) {
    check_attention(f, "decoder.cross_attention", decoder.cross_attention, d_model);
    f.check(decoder.cross_attention.window == decoder.attention.window, "decoder.cross_attention.window",
            "has no effect: windows are of self-attention, a source has no position beside the target's");
  }
  const Tying& tying = tying_table().at(embedding.tying);
  const bool joint = !target_vocabulary || target_vocabulary == vocabulary;
  f.check(joint || !tying.shares_vocabulary(), "embedding.tying",
          "'" + embedding.tying + "' needs one vocabulary for both sides");
  const bool names_source = tying.shares_vocabulary() && !tying.output_is_target;
  f.check(stacks.encoder || !names_source, "embedding.tying",
          "'" + embedding.tying + "' speaks of a source, which the family '" + family +
              "' does not have: 'all' and 'target_output' tie its input to its output, 'none' does not");
  const bool names_target = tying.target_is_source != tying.output_is_source || tying.output_is_target;
  f.check(!is_encoder || !names_target || embedding.tying == "all" || embedding.tying == "source_output",
          "embedding.tying",
          "'" + embedding.tying + "' speaks of a target, which the family '" + family +
              "' does not have: 'all' and 'source_output' tie its input to its output, 'none' does not");
}

}  // namespace ablate
