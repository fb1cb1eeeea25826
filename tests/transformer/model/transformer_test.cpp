#include "transformer/model/transformer.h"

#include "tests/transformer/model/configs.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

constexpr std::int64_t pad = tiny_vocabulary.pad;

/// Mixes of variants that use every part of the model.
const std::vector<std::string> mixes{
    "{}",
    R"({"residual.kind": "pre_norm", "norm.kind": "rms_norm", "feed_forward.kind": "swiglu",
        "position": {"kind": "rotary", "pairing": "half"},
        "attention": {"kind": "grouped_query", "key_value_heads": 2, "bias": false}})",
    R"({"residual.kind": "sandwich", "position.kind": "learned",
        "embedding": {"tying": "none", "output_bias": true},
        "attention": {"kind": "multi_query", "d_k": 3, "d_v": 5}, "decoder.position.kind": "none"})",
};

const Tensor source = tokens({{5, 6, 7, 8, 2}, {9, 10, 2, pad, pad}});
const Tensor target = tokens({{3, 4, 5, 6, 7, 8}, {3, 9, 10, 11, 12, 5}});

Tensor scores(Transformer& model, const Tensor& source_tokens, const Tensor& target_tokens) {
  return model.logits(model.decode(target_tokens, model.encode(source_tokens)));
}

}  // namespace

TEST_CASE("a batch becomes hidden states and scores", "[model][transformer]") {
  const auto model = make_tiny(tiny(), at::kFloat);
  Batch batch;
  batch.source = source;
  batch.target_input = target;
  const Tensor hidden = model->forward(batch);
  CHECK(hidden.sizes() == at::IntArrayRef({2, 6, 8}));
  CHECK(model->logits(hidden).sizes() == at::IntArrayRef({2, 6, 13}));
  CHECK(model->encode(source).states.sizes() == at::IntArrayRef({2, 5, 8}));
  CHECK(hidden.equal(model->decode(target, model->encode(source))));
}

TEST_CASE("what a sentence gets depends on both sides", "[model][transformer]") {
  for (const std::string& mix : mixes) {
    INFO(mix);
    const auto model = make_tiny(tiny(mix));
    const Tensor expected = scores(*model, source, target);
    const Tensor other_source = source.clone();
    other_source[0][1] = 11;
    const Tensor changed = scores(*model, other_source, target);
    CHECK(distance(changed[0], expected[0]) > 1e-4);
    CHECK(changed[1].equal(expected[1]));
  }
}

TEST_CASE("a target token changes nothing before it", "[model][transformer]") {
  for (const std::string& mix : mixes) {
    INFO(mix);
    const auto model = make_tiny(tiny(mix));
    const Tensor expected = scores(*model, source, target);
    for (std::int64_t changed = 0; changed < target.size(1); ++changed) {
      INFO("token " << changed);
      const Tensor other = target.clone();
      other.select(1, changed).copy_((target.select(1, changed) - 2).remainder(8) + 5);
      REQUIRE_FALSE(other.equal(target));
      const Tensor actual = scores(*model, source, other);
      CHECK_CLOSE(actual.slice(1, 0, changed), expected.slice(1, 0, changed), tolerance::same_in_double);
      for (std::int64_t after = changed; after < target.size(1); ++after) {
        CHECK(distance(actual.select(1, after), expected.select(1, after)) > 1e-9);
      }
    }
  }
}

TEST_CASE("padding never changes what is not padding", "[model][transformer]") {
  for (const std::string& mix : mixes) {
    INFO(mix);
    const auto model = make_tiny(tiny(mix));
    const Tensor short_source = tokens({{9, 10, 2}});
    const Tensor short_target = tokens({{3, 9, 10, 11}});
    const Tensor expected = scores(*model, short_source, short_target);

    const Tensor padded_source = at::constant_pad_nd(short_source, {0, 4}, pad);
    CHECK_CLOSE(scores(*model, padded_source, short_target), expected, tolerance::same_in_double);
    const Tensor padded_target = at::constant_pad_nd(short_target, {0, 3}, pad);
    CHECK_CLOSE(scores(*model, short_source, padded_target).slice(1, 0, 4), expected, tolerance::same_in_double);

    // Beside a longer sentence, as batches are made.
    const Tensor both_sources = at::cat({at::constant_pad_nd(short_source, {0, 2}, pad), tokens({{5, 6, 7, 8, 2}})});
    const Tensor both_targets = at::cat({at::constant_pad_nd(short_target, {0, 2}, pad), tokens({{3, 4, 5, 6, 7, 8}})});
    const Tensor both = scores(*model, both_sources, both_targets);
    CHECK_CLOSE(both.slice(0, 0, 1).slice(1, 0, 4), expected, tolerance::same_in_double);
  }
}

TEST_CASE("the states of padding are masked for the decoder, whatever they are", "[model][transformer]") {
  const auto model = make_tiny(tiny());
  Memory memory = model->encode(source);
  REQUIRE(memory.mask.keys.defined());
  const Tensor expected = model->decode(target, memory);
  memory.states = memory.states.clone();
  memory.states[1].slice(0, 3).fill_(1e6);
  CHECK(model->decode(target, memory).equal(expected));
}

TEST_CASE("the gradient of a loss on real tokens does not see padding", "[model][transformer]") {
  const auto model = make_tiny(tiny());
  const auto gradient = [&](std::int64_t padding) {
    const Tensor padded = at::constant_pad_nd(tokens({{9, 10, 2}}), {0, padding}, pad);
    const Tensor hidden =
        model->decode(at::constant_pad_nd(tokens({{3, 9, 10}}), {0, padding}, pad), model->encode(padded));
    return gradients(*model, weighted_sum(model->logits(hidden.slice(1, 0, 3))));
  };
  const auto without = gradient(0);
  const auto with = gradient(4);
  for (std::size_t i = 0; i < with.size(); ++i) {
    INFO(with[i].first);
    CHECK_CLOSE(with[i].second, without[i].second, 1e-11);
  }
}

TEST_CASE("the same seed gives the same model, another seed another", "[model][transformer]") {
  const ModelConfig config = tiny();
  const auto parameters = [&](std::uint64_t seed) {
    return make_transformer(config, tiny_vocabulary, at::kCPU, seed)->named_parameters();
  };
  const auto first = parameters(1);
  const auto again = parameters(1);
  const auto other = parameters(2);
  for (const auto& item : first) {
    INFO(item.key());
    CHECK(item.value().equal(again[item.key()]));
    const bool constant = item.key().ends_with("bias") || item.key().ends_with("gain");
    CHECK(item.value().equal(other[item.key()]) == constant);
  }
}

TEST_CASE("training draws its dropout from the default generator", "[model][transformer]") {
  const auto model = make_tiny(tiny(R"({"dropout": 0.2, "attention.dropout": 0.1, "feed_forward.dropout": 0.1})"));
  const auto trained = [&](std::uint64_t seed) {
    model->train();
    at::manual_seed(seed);
    return scores(*model, source, target);
  };
  CHECK(trained(1).equal(trained(1)));
  CHECK_FALSE(trained(1).equal(trained(2)));
  model->eval();
  CHECK(scores(*model, source, target).equal(scores(*model, source, target)));
}

TEST_CASE("each dropout of the configuration acts by itself", "[model][transformer]") {
  for (const char* which : {"dropout", "embedding.dropout", "attention.dropout", "feed_forward.dropout",
                            "encoder.dropout", "decoder.dropout", "decoder.cross_attention.dropout"}) {
    INFO(which);
    const auto model = make_tiny(tiny(std::string("{\"") + which + "\": 0.3}"));
    const Tensor expected = scores(*model, source, target);
    model->train();
    at::manual_seed(1);
    CHECK(distance(scores(*model, source, target), expected) > 1e-6);
  }
}

TEST_CASE("asking for attention weights changes nothing, and names every layer", "[model][transformer]") {
  for (const std::string& mix : mixes) {
    INFO(mix);
    const auto model = make_tiny(tiny(mix));
    AttentionTrace trace;
    const Tensor hidden = model->decode(target, model->encode(source, &trace), nullptr, &trace);
    CHECK_CLOSE(hidden, model->decode(target, model->encode(source)), tolerance::same_in_double);
    std::vector<std::string> names;
    for (const auto& [name, weights] : trace.weights_BHTS) names.push_back(name);
    CHECK(names == std::vector<std::string>{"encoder.layers.0.self_attention", "encoder.layers.1.self_attention",
                                            "decoder.layers.0.self_attention", "decoder.layers.0.cross_attention",
                                            "decoder.layers.1.self_attention", "decoder.layers.1.cross_attention"});
    CHECK(trace.weights_BHTS[3].second.sizes() == at::IntArrayRef({2, 4, 6, 5}));
    CHECK(trace.weights_BHTS[3].second[1].slice(-1, 3).abs().max().item<double>() == 0);
  }
}

TEST_CASE("two vocabularies have two sizes", "[model][transformer]") {
  const auto model = make_tiny(tiny(R"({"embedding.tying": "target_output"})"), at::kDouble, 1, {20, 13, pad});
  CHECK(scores(*model, tokens({{19, 2}}), tokens({{3, 12}})).size(-1) == 13);
  CHECK(model->target_size() == 13);
  CHECK(model->pad() == pad);
}

TEST_CASE("tokens of a wrong shape are refused by name", "[model][transformer]") {
  const auto model = make_tiny(tiny());
  CHECK_THROWS_MENTION(model->encode(source[0]), "source: expected a tensor of shape (*, *)");
  CHECK_THROWS_MENTION(model->decode(target.slice(0, 0, 1), model->encode(source)),
                       "target: expected a tensor of shape (2, *), got (1, 6)");
}

TEST_CASE("a model of any size is built on the meta device without memory", "[model][transformer]") {
  for (const std::string& mix : mixes) {
    INFO(mix);
    const std::string huge = R"({"d_model": 65536, "attention.heads": 4, "feed_forward.d_ff": 262144})";
    const auto model = make_transformer(read_model(mix, huge), {1'000'000, 1'000'000, pad}, at::kMeta, 1);
    CHECK(model->device().is_meta());
    CHECK(count_parameters(*model) > 400'000'000'000);
  }
}
