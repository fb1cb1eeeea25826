#include "transformer/layers/embedding.h"

#include <cmath>
#include <stdexcept>

namespace ablate {
namespace {

constexpr config::Variant<Tying> tying_rows[] = {
    {{"none", "three matrices", "Narang et al. 2021", ""}, {false, false, false}},
    {{"source_target", "one matrix for both inputs, one for the output", "Narang et al. 2021", ""},
     {true, false, false}},
    {{"target_output", "one matrix for the source, one for the decoder's input and output",
      "Press & Wolf 2017; Narang et al. 2021", ""},
     {false, false, true}},
    {{"source_output", "one matrix for the source and the output, one for the decoder's input", "", ""},
     {false, true, false}},
    {{"all", "one matrix for everything; needs a joint vocabulary", "Vaswani et al. 2017, section 3.4", ""},
     {true, true, true}},
};
constexpr config::VariantTable<Tying> tyings{"embedding tying", tying_rows};

using Scale = double (*)(std::int64_t);
constexpr config::Variant<Scale> scale_rows[] = {
    {{"sqrt_d_model", "embeddings times sqrt(d_model)", "Vaswani et al. 2017, section 3.4", ""},
     [](std::int64_t d_model) { return std::sqrt(static_cast<double>(d_model)); }},
    {{"one", "embeddings as they are", "", ""}, [](std::int64_t) { return 1.0; }},
};
constexpr config::VariantTable<Scale> scales{"embedding scale", scale_rows};

constexpr config::Variant<Scale> output_scale_rows[] = {
    {{"one", "hidden states as they are", "", ""}, [](std::int64_t) { return 1.0; }},
    {{"inverse_sqrt_d_model", "hidden states divided by sqrt(d_model), where a tied matrix starts with long vectors",
      "Raffel et al. 2020 (code)", ""},
     [](std::int64_t d_model) { return 1 / std::sqrt(static_cast<double>(d_model)); }},
};
constexpr config::VariantTable<Scale> output_scales{"output scale", output_scale_rows};

/// w / |w|; the vector of padding, which is zero, stays zero.
Tensor unit_vectors(const Tensor& w) {
  constexpr double least = 1e-6;
  return w / at::linalg_vector_norm(w, 2, {-1}, /*keepdim=*/true).clamp_min(least);
}

/// The row of padding starts, and as an input stays, zero.
Fill fill_embedding(const WeightInitialization& init, std::int64_t pad) {
  return [fill = fill_weight(init), pad](Tensor& weight, at::Generator& generator) {
    fill(weight, generator);
    weight[pad].zero_();
  };
}

}  // namespace

void EmbeddingConfig::describe(config::Fields& f) {
  f.choice("tying", tying, tyings.choices(), "which of source, target and output embedding are one matrix");
  f.choice("scale", scale, scales.choices(), "factor on the input embeddings");
  f.field("dropout", dropout, "dropout on embeddings plus positions; null: the model's dropout", config::probability);
  f.field("output_bias", output_bias, "a bias per word in the output layer");
  f.choice("output_scale", output_scale, output_scales.choices(), "factor on what the output layer reads");
  f.object("norm", norm, "a norm on embeddings plus positions, in front of dropout");
  f.field("normalize", normalize, "fixnorm: every vector divided by its length, as input and as output");
  f.field("token_types", token_types, "kinds of tokens with a trained vector each: 2 tell two texts apart; 0: none",
          config::Range{0, 1 << 16});
}

const config::VariantTable<Tying>& tying_table() { return tyings; }
const config::VariantTable<Scale>& embedding_scale_table() { return scales; }
const config::VariantTable<Scale>& output_scale_table() { return output_scales; }

Embeddings::Embeddings(const EmbeddingConfig& config, std::int64_t d_model, const VocabularyInfo& vocabulary,
                       const EmbeddingSides& sides, const WeightInitialization& init, ParameterFactory& factory)
    : scale_(scales.at(config.scale)(d_model)),
      output_scale_(output_scales.at(config.output_scale)(d_model)),
      normalize_(config.normalize),
      pad_(vocabulary.pad) {
  const Tying tying = tyings.at(config.tying);
  const auto create = [&](const char* name, std::int64_t rows) {
    return factory.create(*this, name, {rows, d_model}, fill_embedding(init, pad_));
  };
  if (sides.source) {
    const bool is_shared = tying.shares_vocabulary() && (sides.target || sides.output);
    source_weight_ = create(is_shared ? "shared" : "source", vocabulary.source_size);
  }
  if (sides.target) {
    target_weight_ = sides.source && tying.target_is_source ? source_weight_ : create("target", vocabulary.target_size);
  }
  if (config.token_types > 0) {
    type_weight_ = factory.create(*this, "token_types", {config.token_types, d_model}, fill_weight(init));
  }
  if (!sides.output) return;
  output_weight_ = sides.target && tying.output_is_target   ? target_weight_
                   : sides.source && tying.output_is_source ? source_weight_
                                                            : create("output", vocabulary.target_size);
  if (config.output_bias) {
    output_bias_ = factory.create(*this, "output_bias", {vocabulary.target_size}, fill_constant(0));
  }
}

Tensor Embeddings::embed(const Tensor& weight, const Tensor& tokens) const {
  const Tensor words = at::embedding(weight, tokens, pad_);
  const Tensor vectors = normalize_ ? unit_vectors(words) : words;
  return scale_ == 1.0 ? vectors : vectors * scale_;
}

Tensor Embeddings::source(const Tensor& tokens, const Tensor& types) const {
  if (!source_weight_.defined()) throw std::logic_error("a model without an encoder has no source embeddings");
  const Tensor vectors = embed(source_weight_, tokens);
  if (!type_weight_.defined()) return vectors;
  return vectors + (types.defined() ? at::embedding(type_weight_, types) : type_weight_[0]);
}
Tensor Embeddings::target(const Tensor& tokens) const { return embed(target_weight_, tokens); }
Tensor Embeddings::output_weight() const { return normalize_ ? unit_vectors(output_weight_) : output_weight_; }
Tensor Embeddings::output_input(const Tensor& hidden) const {
  return output_scale_ == 1.0 ? hidden : hidden * output_scale_;
}
Tensor Embeddings::logits(const Tensor& hidden) const {
  return at::linear(output_input(hidden), output_weight(), output_bias_);
}

}  // namespace ablate
