// A tiny model for every row of every table: found by walking the declaration of the model section, so that a
// row, or a whole table, that is added is under contract at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/transformer/model/configs.h"

namespace ablate::testing {

/// Every key of the model section that takes its value from a table.
class ChoiceFinder final : public config::Fields {
 public:
  struct Found {
    std::string path;
    config::Choices choices;
    std::string needs;  ///< what must be set for the key to have an effect, as a member of a JSON object, or ""
  };
  static std::vector<Found> find() {
    ChoiceFinder finder;
    ModelConfig().describe(finder);
    return finder.found_;
  }
  void check(bool, const std::string&, const std::string&) override {}

 private:
  void do_field(const config::FieldInfo& info, config::Slot) override {
    if (info.governs) kinds_.back() = *info.choices;
    if (info.choices == nullptr) return;
    std::string needs = info.applies ? "" : requirement(info.name);
    for (const std::string& outer : needs_) {
      if (!outer.empty()) needs = outer + (needs.empty() ? "" : ", " + needs);
    }
    found_.push_back({path() + info.name, *info.choices, needs});
  }
  bool do_enter(const config::FieldInfo& info, const char*) override {
    const bool is_head = info.name == std::string("head");
    needs_.push_back(info.applies ? "" : is_head ? R"("family": "encoder")" : requirement(info.name));
    names_.push_back(info.name);
    kinds_.emplace_back();
    return true;
  }
  void do_leave() override {
    needs_.pop_back();
    names_.pop_back();
    kinds_.pop_back();
  }
  std::string path() const {
    std::string text;
    for (const std::string& name : names_) text += name + ".";
    return text;
  }
  /// The first kind that uses the option.
  std::string requirement(const char* option) const {
    const config::Choices& kinds = kinds_.back().value();
    for (const std::string& kind : kinds.names()) {
      if (kinds.find(kind)->uses_option(option)) return "\"" + path() + "kind\": \"" + kind + "\"";
    }
    return "";
  }

  std::vector<std::string> names_;
  std::vector<std::string> needs_;  ///< of the objects that are open
  std::vector<std::optional<config::Choices>> kinds_{1};
  std::vector<Found> found_;
};

struct Variation {
  std::string name;
  ModelConfig model;
};

/// One variation per row of every table. `everywhere`: also where a single stack overrides the model.
inline std::vector<Variation> variations(bool everywhere = true) {
  std::vector<Variation> all;
  const auto add = [&](const std::string& members) {
    ModelConfig model = tiny("{" + members + "}");
    // One coordinate of eight would be what p_rms_norm divides by, and that may be next to nothing.
    for (NormConfig* norm : {&model.norm, &model.encoder.norm, &model.decoder.norm}) norm->partial = 0.5;
    // So few experts that each of them has something to learn from a handful of tokens.
    for (BlockConfig* block : {static_cast<BlockConfig*>(&model), static_cast<BlockConfig*>(&model.encoder),
                               static_cast<BlockConfig*>(&model.decoder)}) {
      ExpertsConfig& experts = block->feed_forward.experts;
      experts.number = experts.per_token + 1;
    }
    model.embedding.factorization.width = 5;
    all.push_back({members, model});
  };
  const auto member = [](const std::string& path, const std::string& value) {
    return "\"" + path + "\": \"" + value + "\"";
  };
  for (const ChoiceFinder::Found& key : ChoiceFinder::find()) {
    const bool override_in_stack = key.path.starts_with("encoder.") || key.path.starts_with("decoder.");
    if (override_in_stack && !everywhere && !key.path.starts_with("decoder.cross_attention.")) continue;
    for (const std::string& row : key.choices.names()) {
      add((key.needs.empty() ? "" : key.needs + ", ") + member(key.path, row));
    }
  }
  // Options that are no choice from a table.
  for (const char* members :
       {R"("attention.window": 2)",
        R"("attention.soft_cap": 0.5)",
        R"("attention.key_bias": false)",
        R"("norm.gain_offset": true)",
        R"("position.kind": "learned", "position.offset": 2)",
        R"("position.kind": "learned", "position.count": "real_tokens")",
        R"("position.kind": "t5_buckets", "position.per_layer": true)",
        R"("position.kind": "t5_buckets", "attention": {"kind": "grouped_query", "window": 3})",
        R"("family": "decoder", "residual.kind": "parallel", "position.kind": "rotary")",
        R"("position.kind": "shaw", "position.clip": 2, "position.per_head": true, "attention.soft_cap": 1)",
        R"("position.kind": "shaw", "position.per_layer": false, "attention.window": 2)",
        R"("position.kind": "transformer_xl", "position.per_layer": true, "attention.query_key_norm": "rms_norm")",
        R"("family": "decoder", "position.kind": "shaw")",
        R"("family": "decoder", "position.kind": "transformer_xl")",
        R"("feed_forward.experts": {"kind": "softmax_top_k", "per_token": 1, "d_ff": 7, "every": 2})",
        R"("family": "decoder", "feed_forward.kind": "swiglu", "feed_forward.experts.kind": "top_k_softmax")",
        R"("family": "decoder", "sharing": "all", "position.kind": "transformer_xl")",
        R"("sharing": "attention", "position.kind": "shaw", "feed_forward.experts.kind": "softmax_top_k")",
        R"("family": "decoder", "sharing": "feed_forward", "embedding.factorization.kind": "words")",
        R"("embedding": {"tying": "source_target", "factorization": {"kind": "words", "bias": true}})",
        R"("embedding": {"tying": "target_output", "factorization": {"kind": "sum", "bias": true},
                         "norm.kind": "layer_norm"}, "position.kind": "learned")",
        R"("family": "decoder", "embedding.factorization": {"kind": "sum", "output": "own"})",
        R"("family": "decoder", "position.kind": "t5_buckets", "attention.soft_cap": 2)",
        R"("family": "encoder", "embedding.token_types": 2)",
        R"("family": "encoder", "head": {"kind": "classes", "hidden": false, "pooling": "mean"})",
        R"("family": "encoder", "embedding.tying": "none", "embedding.output_bias": true)",
        R"("family": "encoder", "embedding": {"output_bias": true, "factorization": {"kind": "sum", "bias": true},
                                              "norm.kind": "layer_norm"}, "sharing": "all")",
        R"("family": "encoder", "embedding.factorization.kind": "words", "head.hidden": false)"}) {
    add(members);
  }
  // The roles that meet inside of attention, and inside of the residual stream.
  for (const std::string& position : position_table().choices().names()) {
    for (const std::string& attention : attention_table().choices().names()) {
      add(member("position.kind", position) + ", " + member("attention.kind", attention));
    }
  }
  for (const std::string& norm : norm_table().choices().names()) {
    for (const std::string& residual : residual_table().choices().names()) {
      add(member("norm.kind", norm) + ", " + member("residual.kind", residual));
    }
  }
  return all;
}

/// The model as its own initialisation starts it, with noise that moves biases and gains from 0 and 1.
inline std::shared_ptr<Transformer> make_varied(const ModelConfig& config, at::ScalarType dtype,
                                                std::uint64_t seed = 1) {
  ParameterFactory factory(at::kCPU, dtype);
  auto model = std::make_shared<Transformer>(config, tiny_vocabulary, factory);
  factory.initialize(seed);
  at::NoGradGuard no_grad;
  for (Tensor& parameter : model->parameters()) parameter += 0.1 * normal(parameter.sizes(), ++seed, dtype);
  model->eval();
  return model;
}

}  // namespace ablate::testing
