#include "transformer/model/head.h"

#include "transformer/layers/activation.h"
#include "transformer/layers/dropout.h"

#include <limits>

namespace ablate {
namespace {

constexpr config::Variant<HeadKind> head_rows[] = {
    {{"words", "scores of all words at every token, for those that are hidden", "Devlin et al. 2019, section 3.1", ""},
     HeadKind::words},
    {{"classes", "scores of the classes of a text", "Devlin et al. 2019, section 4.1", "pooling classes dropout"},
     HeadKind::classes},
    {{"number", "one number for a text", "Devlin et al. 2019 (code)", "pooling dropout"}, HeadKind::number},
    {{"pooled", "the state of a text alone, which says nothing: to be read by others", "", "pooling dropout"},
     HeadKind::pooled},
};
constexpr config::VariantTable<HeadKind> heads{"head", head_rows};

constexpr config::Variant<Pool> pooling_rows[] = {
    {{"first", "the state of the first token, <s>", "Devlin et al. 2019, section 3", ""},
     [](const Tensor& states, const Tensor&) { return states.select(1, 0); }},
    {{"mean", "the mean over all tokens, <s> and </s> included", "Reimers & Gurevych 2019, section 3", ""},
     [](const Tensor& states, const Tensor& real) {
       if (!real.defined()) return states.mean(1);
       const Tensor weights = real.to(states.scalar_type());
       return (states * weights).sum(1) / weights.sum(1);
     }},
    {{"max", "the greatest value of each coordinate", "Reimers & Gurevych 2019, section 3", ""},
     [](const Tensor& states, const Tensor& real) {
       const double lowest = -std::numeric_limits<double>::infinity();
       return (real.defined() ? states.masked_fill(real.logical_not(), lowest) : states).amax(1);
     }},
};
constexpr config::VariantTable<Pool> poolings{"pooling", pooling_rows};

using HeadActivation = Tensor (*)(const Tensor&);
constexpr config::Variant<HeadActivation> head_activation_rows[] = {
    {{"tanh", "tanh(x)", "Devlin et al. 2019 (code), over a text", ""}, activation::tanh},
    {{"gelu", "GELU(x), exact", "Devlin et al. 2019 (code), over words", ""}, activation::gelu},
    {{"gelu_tanh", "GELU by its tanh approximation", "Lan et al. 2020 (code)", ""}, activation::gelu_tanh},
    {{"relu", "max(0, x)", "", ""}, activation::relu},
};
constexpr config::VariantTable<HeadActivation> head_activations{"head activation", head_activation_rows};

}  // namespace

const config::VariantTable<HeadKind>& head_table() { return heads; }
const config::VariantTable<Pool>& pooling_table() { return poolings; }
const config::VariantTable<Tensor (*)(const Tensor&)>& head_activation_table() { return head_activations; }

void HeadConfig::describe(config::Fields& f) {
  f.variant(kind, heads.choices(), "what the model says of a text");
  f.choice("pooling", pooling, poolings.choices(), "how the states of a text become one");
  f.field("hidden", hidden, "a layer in front of the output with an activation, over words a norm behind it");
  f.only_if(hidden, "has no effect without 'hidden'", "hidden")
      .choice("activation", activation, head_activations.choices(), "of the layer in front of the output");
  f.field("classes", classes, "number of classes; null: the data's", config::Range{2, 1 << 28});
  f.field("dropout", dropout, "dropout on what the output layer reads", config::probability);
}

Head::Head(const HeadConfig& config, const NormConfig& norm, std::int64_t d_model, std::int64_t word_width,
           std::int64_t outputs, const InitializationConfig& init, ParameterFactory& factory)
    : config_(config), kind_(heads.at(config.kind)) {
  const auto make = [&](const char* name, std::int64_t width) {
    return register_module(name, std::make_shared<Linear>(d_model, width, true, init.feed_forward, factory));
  };
  const bool is_of_words = kind_ == HeadKind::words;
  if (config.hidden) hidden_ = make("hidden", is_of_words ? word_width : d_model);
  if (config.hidden && is_of_words) norm_ = register_module("norm", make_norm(norm, word_width, factory));
  if (kind_ == HeadKind::classes || kind_ == HeadKind::number) output_ = make("output", outputs);
}

Tensor Head::forward(const Memory& encoded) {
  Tensor x = encoded.states;  // (B, S, D)
  if (kind_ != HeadKind::words) {
    const Tensor& keys = encoded.mask.keys;  // (B, 1, 1, S)
    x = poolings.at(config_.pooling)(x, keys.defined() ? keys.flatten(1).unsqueeze(2) : Tensor()).unsqueeze(1);
  }
  if (hidden_) x = head_activations.at(config_.activation)(hidden_->forward(x));
  if (kind_ == HeadKind::words) return norm_ ? norm_->forward(x) : x;
  return apply_dropout(x, config_.dropout, is_training());
}

}  // namespace ablate
