// What the meter counts, against formulas derived by hand.
#include "transformer/model/cost.h"

#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/transformer/model/configs.h"

using namespace ablate;
using testing::tiny;

namespace {

Tensor meta(at::IntArrayRef shape, bool requires_grad = false) {
  return at::empty(shape, at::TensorOptions().device(at::kMeta)).requires_grad_(requires_grad);
}

double flops(const std::function<void()>& work) { return measure_cost(work).flops; }
double bytes(const std::function<void()>& work) { return measure_cost(work).activation_bytes; }

/// The letters of Vaswani et al. 2017, table 3, and one sentence of S source and T target tokens.
struct Sizes {
  double d_model, heads, key_value_heads, d_k, d_v, d_ff, matrices, layers, vocabulary;
};
constexpr double S = 5, T = 7;

/// Attention of `queries` tokens to `keys` tokens, with its four projections.
double attention(const Sizes& n, double queries, double keys) {
  const double projections = queries * n.d_model * n.heads * n.d_k +         // queries
                             keys * n.d_model * n.key_value_heads * n.d_k +  // keys
                             keys * n.d_model * n.key_value_heads * n.d_v +  // values
                             queries * n.heads * n.d_v * n.d_model;          // output
  return 2 * (projections + n.heads * queries * keys * (n.d_k + n.d_v));
}

double feed_forward(const Sizes& n, double tokens) { return 2 * n.matrices * tokens * n.d_model * n.d_ff; }
double encoder(const Sizes& n) { return n.layers * (attention(n, S, S) + feed_forward(n, S)); }
double decoder(const Sizes& n) { return n.layers * (attention(n, T, T) + attention(n, T, S) + feed_forward(n, T)); }

ForwardCost cost_of(const std::string& settings, std::int64_t sentences = 1,
                    SequenceLengths lengths = {.source = 5, .target = 7}) {
  const auto model = make_transformer(tiny(settings), testing::tiny_vocabulary, at::kMeta, 1);
  return forward_cost(*model, sentences, lengths);
}

void check_flops(const std::string& settings, const Sizes& sizes) {
  INFO(settings);
  const ForwardCost cost = cost_of(settings);
  CHECK(cost.encoder.flops == encoder(sizes));
  CHECK(cost.decoder.flops == decoder(sizes));
  CHECK(cost.output.flops == 2 * T * sizes.d_model * sizes.vocabulary);
  CHECK(cost.flops() == cost.encoder.flops + cost.decoder.flops + cost.output.flops);
}

constexpr Sizes vanilla{.d_model = 8,
                        .heads = 4,
                        .key_value_heads = 4,
                        .d_k = 2,
                        .d_v = 2,
                        .d_ff = 6,
                        .matrices = 2,
                        .layers = 2,
                        .vocabulary = 13};

}  // namespace

TEST_CASE("cost: a product of matrices counts once, however it is asked for", "[model]") {
  const Tensor a = meta({3, 4}), b = meta({4, 5}), bias = meta({5});
  const Tensor batch = meta({2, 3, 4}), weight = meta({5, 4});
  CHECK(flops([&] { at::mm(a, b); }) == 2 * 3 * 4 * 5);
  CHECK(flops([&] { at::matmul(a, b); }) == 2 * 3 * 4 * 5);
  CHECK(flops([&] { at::addmm(bias, a, b); }) == 2 * 3 * 4 * 5);
  CHECK(flops([&] { at::linear(batch, weight); }) == 2 * 2 * 3 * 4 * 5);
  CHECK(flops([&] { at::linear(batch, weight, bias); }) == 2 * 2 * 3 * 4 * 5);
  CHECK(flops([&] { at::matmul(batch, meta({2, 4, 5})); }) == 2 * 2 * 3 * 4 * 5);
  CHECK(flops([&] { at::baddbmm(meta({2, 3, 5}), batch, meta({2, 4, 5})); }) == 2 * 2 * 3 * 4 * 5);
  CHECK(flops([&] { at::einsum("bij,kj->bik", {batch, weight}); }) == 2 * 2 * 3 * 4 * 5);
  CHECK(flops([&] { at::matmul(a, meta({4})); }) == 2 * 3 * 4);
  CHECK(flops([&] { at::dot(at::ones({4}), at::ones({4})); }) == 2 * 4);
}

TEST_CASE("cost: what is no product of matrices has no FLOPs", "[model]") {
  const Tensor a = meta({3, 4});
  CHECK(flops([&] { at::softmax(a * a + a, -1).tanh().sum(); }) == 0);
  CHECK(flops([] {}) == 0);
}

TEST_CASE("cost: differentiable outputs count their bytes, views and parameters do not", "[model]") {
  const Tensor x = meta({3, 4}, true);
  const double size = 3 * 4 * sizeof(float);
  CHECK(bytes([&] { x.mul(2); }) == size);
  CHECK(bytes([&] { x.mul(2).tanh(); }) == 2 * size);
  CHECK(bytes([&] { x.mul(2).transpose(0, 1).view({2, 2, 3}); }) == size);
  CHECK(bytes([&] { x.transpose(0, 1); }) == 0);
  CHECK(bytes([&] { at::linear(meta({3, 4}), x); }) == 3 * 3 * sizeof(float));
  CHECK(bytes([&] { meta({3, 4}).mul(2); }) == 0);
  const Tensor made_before = x.mul(2);
  CHECK(bytes([&] { made_before.transpose(0, 1); }) == 0);
  CHECK(bytes([&] { made_before.view({2, 6}).mul(2); }) == size);
  CHECK(bytes([&] {
          const at::NoGradGuard no_grad;
          x.mul(2);
        }) == 0);
}

TEST_CASE("cost: the meter is one at a time, and works again after an error", "[model]") {
  CHECK_THROWS_AS(measure_cost([] { measure_cost([] {}); }), std::logic_error);
  CHECK_THROWS_MENTION(measure_cost([] { throw std::runtime_error("no such layer"); }), "no such layer");
  CHECK(flops([] { at::mm(meta({3, 4}), meta({4, 5})); }) == 2 * 3 * 4 * 5);
}

TEST_CASE("cost: FLOPs of whole models are those of the formula", "[model]") {
  check_flops("{}", vanilla);
  Sizes sizes = vanilla;
  sizes.matrices = 3;
  check_flops(R"({"feed_forward.kind": "swiglu"})", sizes);
  sizes = vanilla;
  sizes.key_value_heads = 1;
  check_flops(R"({"attention.kind": "multi_query"})", sizes);
  sizes.key_value_heads = 2;
  check_flops(R"({"attention.kind": "grouped_query", "attention.key_value_heads": 2})", sizes);
  sizes = vanilla;
  sizes.d_k = 3;
  sizes.d_v = 5;
  check_flops(R"({"attention.d_k": 3, "attention.d_v": 5, "attention.bias": false})", sizes);
  sizes = vanilla;
  sizes.layers = 3;
  check_flops(R"({"encoder.layers": 3, "decoder.layers": 3, "norm.kind": "rms_norm", "residual.kind": "pre_norm"})",
              sizes);
  check_flops(R"({"position.kind": "rotary", "embedding.tying": "none", "dropout": 0.3, "attention.dropout": 0.1})",
              vanilla);
}

TEST_CASE("cost: experts cost what the chosen ones do, and the router", "[model]") {
  const auto check = [](const std::string& experts, double per_token, double number, double width) {
    INFO(experts);
    const ForwardCost cost = cost_of(R"({"feed_forward.kind": "swiglu", "feed_forward.experts": )" + experts + "}");
    const auto mixture = [&](double tokens) { return 2 * tokens * vanilla.d_model * (per_token * 3 * width + number); };
    CHECK(cost.encoder.flops == 2 * (attention(vanilla, S, S) + mixture(S)));
    CHECK(cost.decoder.flops == 2 * (attention(vanilla, T, T) + attention(vanilla, T, S) + mixture(T)));
  };
  check(R"({"kind": "top_k_softmax"})", 2, 8, 6);
  check(R"({"kind": "top_k_softmax", "number": 16, "per_token": 3, "d_ff": 10})", 3, 16, 10);
  check(R"({"kind": "softmax_top_k", "number": 4, "per_token": 1, "load_balancing": 1})", 1, 4, 6);
  // One layer in two: the other one has a unit as it was.
  const double both = cost_of(R"({"feed_forward.experts": {"kind": "top_k_softmax"}})").encoder.flops;
  const double second = cost_of(R"({"feed_forward.experts": {"kind": "top_k_softmax", "every": 2}})").encoder.flops;
  CHECK(second == (both + encoder(vanilla)) / 2);
}

TEST_CASE("cost: positions that meet queries cost their products", "[model]") {
  const ForwardCost plain = cost_of("{}");
  const double heads = vanilla.heads, d_k = vanilla.d_k, d_v = vanilla.d_v;
  // All distances of the clip, 2 * 3 + 1 or 3 + 1 where nobody looks ahead, beside keys and beside values.
  const ForwardCost shaw = cost_of(R"({"position.kind": "shaw", "position.clip": 3})");
  CHECK(shaw.encoder.flops - plain.encoder.flops == 2 * 2 * heads * S * 7 * (d_k + d_v));
  CHECK(shaw.decoder.flops - plain.decoder.flops == 2 * 2 * heads * T * 4 * (d_k + d_v));
  const ForwardCost keys = cost_of(R"({"position.kind": "shaw", "position.clip": 3, "position.vectors": "keys"})");
  CHECK(keys.encoder.flops - plain.encoder.flops == 2 * 2 * heads * S * 7 * d_k);
  // Sinusoids of 2 S - 1 or T distances through W_R once, then for every query, and one bias for every key.
  const ForwardCost xl = cost_of(R"({"position.kind": "transformer_xl"})");
  const auto distances = [&](double queries, double count) {
    return 2 * 2 * heads * d_k * (count * vanilla.d_model + queries * count + queries);
  };
  CHECK(xl.encoder.flops - plain.encoder.flops == distances(S, 2 * S - 1));
  CHECK(xl.decoder.flops - plain.decoder.flops == distances(T, T));
}

TEST_CASE("cost: shared layers cost what others do, factorised embeddings their maps", "[model]") {
  const ForwardCost plain = cost_of("{}");
  for (const std::string& sharing : sharing_table().choices().names()) {
    INFO(sharing);
    CHECK(cost_of(R"({"sharing": ")" + sharing + "\"}").flops() == plain.flops());
  }
  const double d_model = vanilla.d_model, words = vanilla.vocabulary, narrow = 4;
  const ForwardCost tied = cost_of(R"({"embedding.factorization": {"kind": "words", "width": 4}})");
  CHECK(tied.encoder.flops - plain.encoder.flops == 2 * S * narrow * d_model);
  CHECK(tied.decoder.flops - plain.decoder.flops == 2 * T * narrow * d_model);
  CHECK(tied.output.flops == 2 * T * narrow * (d_model + words));
  const ForwardCost own =
      cost_of(R"({"embedding.factorization": {"kind": "sum", "width": 4, "output": "own", "bias": true}})");
  CHECK(own.flops() == tied.flops());
  const ForwardCost untied =
      cost_of(R"({"embedding.tying": "source_target", "embedding.factorization": {"kind": "words", "width": 4}})");
  CHECK(untied.output.flops == 2 * T * d_model * words);
}

TEST_CASE("cost: learning costs every product twice more in the backward pass", "[model]") {
  const auto flops_of = [](const std::string& settings, std::int64_t sentences) {
    const auto model = make_transformer(tiny(settings), testing::tiny_vocabulary, at::kMeta, 1);
    return training_flops(*model, sentences, {.source = 5, .target = 7});
  };
  const auto check = [&](const std::string& settings, const Sizes& n) {
    INFO(settings);
    const TrainingFlops one = flops_of(settings, 1);
    const double forward = encoder(n) + decoder(n) + 2 * T * n.d_model * n.vocabulary;
    CHECK(one.forward == forward);
    // Of a product C = A B: one product for A's gradient and one for B's. Both are asked for everywhere: what enters
    // the first layer are embeddings, which are learned.
    CHECK(one.backward == 2 * forward);
    CHECK(one.all() == 3 * forward);
    CHECK(flops_of(settings, 4).all() == 4 * one.all());
  };
  check("{}", vanilla);
  Sizes sizes = vanilla;
  sizes.matrices = 3;
  check(R"({"feed_forward.kind": "swiglu", "norm.kind": "rms_norm", "residual.kind": "pre_norm", "dropout": 0.3})",
        sizes);
  sizes = vanilla;
  sizes.d_k = 3;
  sizes.d_v = 5;
  check(R"({"attention.d_k": 3, "attention.d_v": 5, "position.kind": "learned", "embedding.tying": "none"})", sizes);
  check(R"({"attention.d_k": 3, "attention.d_v": 5, "sharing": "all"})", sizes);
  // The router's logits and the tokens that are sent away have gradients like everything else.
  const TrainingFlops experts = flops_of(R"({"feed_forward.experts": {"kind": "top_k_softmax"}})", 1);
  CHECK(experts.backward == 2 * experts.forward);
}

TEST_CASE("cost: counting leaves no gradients and keeps the model's mode", "[model]") {
  const auto model = make_transformer(tiny(), testing::tiny_vocabulary, at::kMeta, 1);
  model->train();
  training_flops(*model, 1);
  CHECK(model->is_training());
  for (const Tensor& parameter : model->parameters()) CHECK_FALSE(parameter.grad().defined());
}

TEST_CASE("cost: every variant of every part of a layer can be measured", "[model]") {
  const std::pair<std::string, config::Choices> axes[] = {
      {"norm.kind", norm_table().choices()},
      {"residual.kind", residual_table().choices()},
      {"attention.kind", attention_table().choices()},
      {"feed_forward.kind", feed_forward_table().choices()},
      {"position.kind", position_table().choices()},
      {"embedding.tying", tying_table().choices()},
      {"sharing", sharing_table().choices()},
      {"feed_forward.experts.kind", router_table().choices()},
      {"embedding.factorization.kind", factorization_table().choices()}};
  for (const auto& [path, choices] : axes) {
    for (const std::string& name : choices.names()) {
      INFO(path << " = " << name);
      const ForwardCost cost = cost_of(Json{{path, name}, {"dropout", 0.1}}.dump());
      CHECK(cost.decoder.flops > cost.encoder.flops);
      CHECK(cost.encoder.flops > 0);
      CHECK(cost.encoder.activation_bytes > 0);
      const auto model = make_transformer(tiny(Json{{path, name}}.dump()), testing::tiny_vocabulary, at::kMeta, 1);
      CHECK(training_flops(*model, 2).backward > 0);
    }
  }
}

TEST_CASE("cost: sentences of a batch cost the same each", "[model]") {
  const ForwardCost one = cost_of("{}"), four = cost_of("{}", 4);
  CHECK(four.flops() == 4 * one.flops());
  CHECK(four.encoder.activation_bytes == 4 * one.encoder.activation_bytes);
  CHECK(four.output.activation_bytes == 4 * one.output.activation_bytes);
  CHECK(one.output.activation_bytes == T * vanilla.vocabulary * sizeof(float));
}

TEST_CASE("cost: scores are kept only where attention cannot be one kernel", "[model]") {
  const auto encoder_bytes = [](const std::string& settings, std::int64_t length) {
    return cost_of(settings, 1, {.source = length, .target = 1}).encoder.activation_bytes;
  };
  CHECK(encoder_bytes("{}", 16) == 2 * encoder_bytes("{}", 8));
  const std::string dropped = R"({"attention.dropout": 0.1})";
  CHECK(encoder_bytes(dropped, 16) > 2 * encoder_bytes(dropped, 8));
  const std::string unequal = R"({"attention.d_v": 3})";
  CHECK(encoder_bytes(unequal, 16) > 2 * encoder_bytes(unequal, 8));
  // One more output of every sub-layer and of the embeddings: 5 x (8, D).
  CHECK(encoder_bytes(R"({"dropout": 0.1})", 8) - encoder_bytes("{}", 8) == 5 * 8 * 8 * sizeof(float));
}

TEST_CASE("cost: the model must have no memory, and keeps its mode", "[model]") {
  const auto real = testing::make_tiny(tiny());
  CHECK_THROWS_AS(forward_cost(*real, 1), std::invalid_argument);
  const auto model = make_transformer(tiny(), testing::tiny_vocabulary, at::kMeta, 1);
  for (const bool training : {true, false}) {
    model->train(training);
    forward_cost(*model, 1);
    CHECK(model->is_training() == training);
  }
}
