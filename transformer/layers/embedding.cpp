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

constexpr config::Variant<Factorization> factorization_rows[] = {
    {{"none", "a word has d_model coordinates", "Vaswani et al. 2017, section 3.4", ""}, Factorization::none},
    {{"words", "a word's coordinates are lifted to d_model before positions and norm come to them",
      "Narang et al. 2021, table 1", "width bias output"},
     Factorization::words},
    {{"sum", "words, positions and their norm are lifted to d_model together", "Lan et al. 2020 (code)",
      "width bias output"},
     Factorization::sum},
};
constexpr config::VariantTable<Factorization> factorizations{"embedding factorization", factorization_rows};

struct Lowering {};
constexpr config::Variant<Lowering> lowering_rows[] = {
    {{"transposed", "by the transpose of the matrix that lifts the words", "Narang et al. 2021 (code)", ""}, {}},
    {{"own", "by a matrix of its own", "after Lan et al. 2020 (code)", ""}, {}},
};
constexpr config::VariantTable<Lowering> lowerings{"factorized output", lowering_rows};

/// A matrix whose rows, of the E x d_model of the paper, are as long as d_model_normal takes them to be: what it lifts
/// keeps its length.
WeightInitialization lift_initialization(WeightInitialization init, std::int64_t d_model) {
  if (init.kind != "d_model_normal") return init;
  init.kind = "normal";
  init.std = init.gain / std::sqrt(static_cast<double>(d_model));
  return init;
}

/// w / |w|; the vector of padding, which is zero, stays zero.
Tensor unit_vectors(const Tensor& w) {
  constexpr double least = 1e-6;
  return w / at::linalg_vector_norm(w, 2, {-1}, /*keepdim=*/true).clamp_min(least);
}

/// The row of padding starts, and as an input stays, zero.
Fill fill_embedding(const WeightInitialization& init, std::int64_t pad) {
  return [fill = fill_weight(init), pad](Tensor& weight, at::Generator& generator) {
    fill(weight, generator);
    if (pad >= 0) weight[pad].zero_();
  };
}

}  // namespace

void FactorizationConfig::describe(config::Fields& f) {
  f.variant(kind, factorizations.choices(),
            "words with fewer coordinates than d_model, and where they are lifted to it");
  f.field("width", width, "E, coordinates of a word", config::width);
  f.field("bias", bias, "a bias behind the matrix that lifts, and behind an output's own");
  f.choice("output", output, lowerings.choices(), "how hidden states come back to E for a tied output layer");
}

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
  f.object("factorization", factorization, "factorised embeddings");
  const config::VariantInfo* const known = tyings.choices().find(tying);
  const bool is_tied = known == nullptr || tyings.at(tying).output_is_source || tyings.at(tying).output_is_target;
  f.check(is_tied || factorization.output == FactorizationConfig{}.output, "factorization.output",
          "has no effect with tying '" + tying + "': the output layer has a matrix of its own, of d_model columns");
}

std::int64_t EmbeddingConfig::word_width(std::int64_t d_model) const {
  return factorizations.at(factorization.kind) == Factorization::none ? d_model : factorization.width;
}

std::int64_t EmbeddingConfig::sum_width(std::int64_t d_model) const {
  return factorizations.at(factorization.kind) == Factorization::sum ? factorization.width : d_model;
}

const config::VariantTable<Factorization>& factorization_table() { return factorizations; }

const config::VariantTable<Tying>& tying_table() { return tyings; }
const config::VariantTable<Scale>& embedding_scale_table() { return scales; }
const config::VariantTable<Scale>& output_scale_table() { return output_scales; }

Embeddings::Embeddings(const EmbeddingConfig& config, std::int64_t d_model, const VocabularyInfo& vocabulary,
                       const EmbeddingSides& sides, const WeightInitialization& init, ParameterFactory& factory)
    : scale_(scales.at(config.scale)(d_model)),
      output_scale_(output_scales.at(config.output_scale)(d_model)),
      normalize_(config.normalize),
      lifts_words_(factorizations.at(config.factorization.kind) != Factorization::sum),
      pad_(vocabulary.pad) {
  const Tying tying = tyings.at(config.tying);
  const std::int64_t width = config.word_width(d_model);
  const bool is_tied =
      sides.output && ((sides.target && tying.output_is_target) || (sides.source && tying.output_is_source));
  const auto create = [&](const char* name, std::int64_t rows) {
    const std::int64_t columns = std::string_view(name) == "output" ? d_model : width;
    return factory.create(*this, name, {rows, columns}, fill_embedding(init, pad_));
  };
  if (sides.source) {
    const bool is_shared = tying.shares_vocabulary() && (sides.target || sides.output);
    source_weight_ = create(is_shared ? "shared" : "source", vocabulary.source_size);
  }
  if (sides.target) {
    target_weight_ = sides.source && tying.target_is_source ? source_weight_ : create("target", vocabulary.target_size);
  }
  if (config.token_types > 0) {
    const std::int64_t columns = config.sum_width(d_model);
    type_weight_ = factory.create(*this, "token_types", {config.token_types, columns}, fill_weight(init));
  }
  if (sides.output) {
    output_weight_ = sides.target && tying.output_is_target   ? target_weight_
                     : sides.source && tying.output_is_source ? source_weight_
                                                              : create("output", vocabulary.target_size);
  }
  if (sides.output && config.output_bias) {
    output_bias_ = factory.create(*this, "output_bias", {vocabulary.target_size}, fill_constant(0));
  }
  if (config.factorization.kind == "none") return;
  const WeightInitialization start = lift_initialization(init, d_model);
  const auto map = [&](const char* name, std::int64_t from, std::int64_t to) {
    return register_module(name, std::make_shared<Linear>(from, to, config.factorization.bias, start, factory));
  };
  const bool has_both = sides.source && sides.target;
  if (sides.source)
    source_lift_ = map(has_both && tying.target_is_source ? "shared_lift" : "source_lift", width, d_model);
  if (sides.target) {
    target_lift_ = has_both && tying.target_is_source ? source_lift_ : map("target_lift", width, d_model);
  }
  if (!is_tied || sides.states_are_lowered) return;
  if (config.factorization.output == "own") {
    output_lowering_ = map("output_lowering", d_model, width);
  } else {
    output_lift_ = sides.target && tying.output_is_target ? target_lift_ : source_lift_;
  }
}

Tensor Embeddings::embed(const Tensor& weight, const std::shared_ptr<Linear>& lift, const Tensor& tokens) const {
  const Tensor words = at::embedding(weight, tokens, pad_);
  const Tensor vectors = normalize_ ? unit_vectors(words) : words;
  const Tensor scaled = scale_ == 1.0 ? vectors : vectors * scale_;
  return lift && lifts_words_ ? lift->forward(scaled) : scaled;
}

Tensor Embeddings::source(const Tensor& tokens, const Tensor& types) const {
  if (!source_weight_.defined()) throw std::logic_error("a model without an encoder has no source embeddings");
  const Tensor vectors = embed(source_weight_, source_lift_, tokens);
  if (!type_weight_.defined()) return vectors;
  return vectors +
         (types.defined() ? at::embedding(type_weight_, types.clamp_max(type_weight_.size(0) - 1)) : type_weight_[0]);
}
Tensor Embeddings::target(const Tensor& tokens) const { return embed(target_weight_, target_lift_, tokens); }
Tensor Embeddings::output_weight() const { return normalize_ ? unit_vectors(output_weight_) : output_weight_; }
Tensor Embeddings::output_input(const Tensor& hidden) const {
  const Tensor scaled = output_scale_ == 1.0 ? hidden : hidden * output_scale_;
  if (output_lowering_) return output_lowering_->forward(scaled);
  return output_lift_ ? linear(scaled, LinearMap{output_lift_->weight.t(), {}}) : scaled;
}
std::map<std::string, std::string> Embeddings::names_by_use() const {
  std::map<std::string, std::string> names;
  for (const auto& parameter : named_parameters(/*recurse=*/false)) {
    const auto add = [&](const char* use, const Tensor& weight) {
      if (weight.is_same(parameter.value())) names[use] = parameter.key();
    };
    add("source", source_weight_);
    add("target", target_weight_);
    add("output", output_weight_);
    add("output_bias", output_bias_);
  }
  for (const auto& child : named_children()) {
    const auto add = [&](const char* use, const std::shared_ptr<Linear>& lift) {
      if (lift == child.value()) names[use] = child.key();
    };
    add("source_lift", source_lift_);
    add("target_lift", target_lift_);
  }
  return names;
}

}  // namespace ablate
