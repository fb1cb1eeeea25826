#include "transformer/layers/attention.h"

#include <cmath>

#include "tests/tensors.h"
#include "tests/transformer/layers/attention_cases.h"
#include "transformer/layers/mask.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

const AttentionMask no_mask{};

Tensor mask_of(const AttentionCase& which) {
  return explicit_mask(make_mask(which), 0, which.queries, which.keys, at::kCPU);
}

/// The mask as (1 or B, 1, T, S), which every broadcast accepts.
Tensor four_dimensional(const Tensor& mask) {
  return mask.defined() && mask.dim() == 2 ? mask.unsqueeze(0).unsqueeze(0) : mask;
}

struct Outcome {
  Tensor output, query_gradient, memory_gradient;
  std::vector<std::pair<std::string, Tensor>> gradients;
};

/// Output and all gradients, by the fast path or (with a trace) by the plain formula.
Outcome run(Attention& attention, const AttentionCase& which, at::ScalarType dtype, bool plain) {
  const Tensor query = normal({which.batch, which.queries, d_model}, 1, dtype).requires_grad_();
  const Tensor memory = normal({which.batch, which.keys, d_model}, 2, dtype).requires_grad_();
  const AttentionMask mask = make_mask(which);
  AttentionTrace trace;
  Outcome outcome;
  outcome.output =
      attention.forward({.query_BTD = query, .memory_BSD = memory, .mask = mask, .trace = plain ? &trace : nullptr});
  outcome.gradients = gradients(attention, weighted_sum(outcome.output));
  outcome.query_gradient = query.grad();
  outcome.memory_gradient = memory.grad();
  return outcome;
}

}  // namespace

TEST_CASE("attention is softmax(Q K^T / sqrt(d_k)) V, head by head", "[layers][attention]") {
  for (const AttentionCase& which : attention_cases()) {
    INFO(which.text());
    const auto attention = make_test_attention(which.config());
    const Tensor query = normal({which.batch, which.queries, d_model}, 1);
    const Tensor memory = normal({which.batch, which.keys, d_model}, 2);
    const AttentionMask mask = make_mask(which);
    const Tensor actual = attention->forward({.query_BTD = query, .memory_BSD = memory, .mask = mask});
    const Tensor expected =
        attention_by_hand(*attention, which.config(), query, memory, four_dimensional(mask_of(which)));
    CHECK_CLOSE(actual, expected, tolerance::same_in_double);
  }
}

TEST_CASE("the fast path equals the plain formula, values and gradients", "[layers][attention]") {
  for (const at::ScalarType dtype : {at::kDouble, at::kFloat}) {
    const bool wide = dtype == at::kDouble;
    for (const AttentionCase& which : attention_cases()) {
      INFO(which.text() << (wide ? ", double" : ", float"));
      const auto attention = make_test_attention(which.config(), dtype);
      const Outcome fast = run(*attention, which, dtype, /*plain=*/false);
      const Outcome plain = run(*attention, which, dtype, /*plain=*/true);
      const double near = wide ? tolerance::same_in_double : tolerance::gradient_in_float;
      CHECK_CLOSE(fast.output, plain.output, (wide ? tolerance::same_in_double : tolerance::same_in_float));
      CHECK_CLOSE(fast.query_gradient, plain.query_gradient, near);
      CHECK_CLOSE(fast.memory_gradient, plain.memory_gradient, near);
      for (std::size_t i = 0; i < fast.gradients.size(); ++i) {
        INFO(fast.gradients[i].first);
        CHECK_CLOSE(fast.gradients[i].second, plain.gradients[i].second, near);
      }
    }
  }
}

TEST_CASE("a query that may look at nothing gets zero, with finite gradients", "[layers][attention]") {
  for (const bool plain : {false, true}) {
    for (const char* kind : {"scaled_dot_product", "multi_query", "grouped_query"}) {
      INFO(kind << (plain ? ", plain" : ", fast"));
      const AttentionCase which{kind, {}, {}, 2, 3, 4, "hidden"};
      AttentionConfig config = which.config();
      config.bias = false;
      const auto attention = make_test_attention(config, at::kFloat);
      const Outcome outcome = run(*attention, which, at::kFloat, plain);
      CHECK(outcome.output[1].equal(at::zeros({3, d_model})));
      CHECK_FALSE(outcome.output[0].equal(at::zeros({3, d_model})));
      CHECK(outcome.query_gradient[1].equal(at::zeros({3, d_model})));
      CHECK(outcome.memory_gradient[1].equal(at::zeros({4, d_model})));
      for (const auto& [name, gradient] : outcome.gradients) {
        INFO(name);
        CHECK(gradient.isfinite().all().item<bool>());
      }
    }
  }
}

TEST_CASE("a masked position never leaks", "[layers][attention]") {
  for (const AttentionCase& which : attention_cases()) {
    if (which.mask != "padding" && which.mask != "causal_padding") continue;
    INFO(which.text());
    const auto attention = make_test_attention(which.config(), at::kFloat);
    const AttentionMask mask = make_mask(which);
    const Tensor query = normal({which.batch, which.queries, d_model}, 1, at::kFloat);
    const Tensor memory = normal({which.batch, which.keys, d_model}, 2, at::kFloat);
    const Tensor hidden = mask.keys.view({which.batch, which.keys, 1}).logical_not();
    const Tensor other = at::where(hidden, normal(memory.sizes(), 3, at::kFloat) * 50, memory);
    REQUIRE_FALSE(other.equal(memory));
    const Tensor output = attention->forward({.query_BTD = query, .memory_BSD = memory, .mask = mask});
    CHECK(output.equal(attention->forward({.query_BTD = query, .memory_BSD = other, .mask = mask})));
  }
}

TEST_CASE("a later position never leaks into an earlier one", "[layers][attention]") {
  const AttentionMask mask = causal_mask();
  for (const char* kind : {"scaled_dot_product", "multi_query", "grouped_query"}) {
    INFO(kind);
    const auto attention = make_test_attention({.kind = kind, .heads = 4}, at::kFloat);
    const Tensor x = normal({2, 6, d_model}, 1, at::kFloat);
    const Tensor output = attention->forward({.query_BTD = x, .memory_BSD = x, .mask = mask});
    for (std::int64_t changed = 1; changed < 6; ++changed) {
      const Tensor other = x.clone();
      other.select(1, changed).add_(10);
      const Tensor changed_output = attention->forward({.query_BTD = other, .memory_BSD = other, .mask = mask});
      CHECK(changed_output.slice(1, 0, changed).equal(output.slice(1, 0, changed)));
      CHECK_FALSE(changed_output.select(1, changed).equal(output.select(1, changed)));
    }
  }
}

TEST_CASE("self-attention without positions is permutation-equivariant", "[layers][attention]") {
  const Tensor order = at::tensor({3, 0, 4, 1, 2}, at::kLong);
  for (const char* kind : {"scaled_dot_product", "multi_query", "grouped_query"}) {
    INFO(kind);
    const auto attention = make_test_attention({.kind = kind, .heads = 4});
    const Tensor x = normal({2, 5, d_model}, 1);
    const Tensor y = x.index_select(1, order);
    CHECK_CLOSE(attention->forward({.query_BTD = y, .memory_BSD = y, .mask = no_mask}),
                attention->forward({.query_BTD = x, .memory_BSD = x, .mask = no_mask}).index_select(1, order),
                tolerance::same_in_double);
  }
}

TEST_CASE("shared keys and values are full attention with repeated heads", "[layers][attention]") {
  constexpr std::int64_t heads = 4;
  for (const auto& [kind, groups] : {std::pair{"multi_query", 1}, std::pair{"grouped_query", 2}}) {
    INFO(kind);
    const auto shared = make_test_attention({.kind = kind, .heads = heads, .key_value_heads = 2, .d_k = 3, .d_v = 5});
    const auto full = make_test_attention({.heads = heads, .d_k = 3, .d_v = 5});
    const auto parameters = shared->named_parameters();
    for (const auto& item : parameters) {
      Tensor value = item.value().detach();
      if (item.key().starts_with("key") || item.key().starts_with("value")) {
        const auto by_group = value.unflatten(0, {groups, -1});
        value = by_group.repeat_interleave(heads / groups, 0).flatten(0, 1);
      }
      set_parameter(*full, item.key(), value);
    }
    const Tensor x = normal({2, 5, d_model}, 1);
    CHECK_CLOSE(shared->forward({.query_BTD = x, .memory_BSD = x, .mask = no_mask}),
                full->forward({.query_BTD = x, .memory_BSD = x, .mask = no_mask}), tolerance::same_in_double);
  }
}

TEST_CASE("grouped queries with as many groups as heads are full attention, with one group multi-query",
          "[layers][attention]") {
  const Tensor x = normal({2, 5, d_model}, 1);
  const auto output = [&](const AttentionConfig& config) {
    return make_test_attention(config)->forward({.query_BTD = x, .memory_BSD = x, .mask = no_mask});
  };
  CHECK_CLOSE(output({.kind = "grouped_query", .heads = 4, .key_value_heads = 4}), output({.heads = 4}),
              tolerance::same_in_double);
  CHECK_CLOSE(output({.kind = "grouped_query", .heads = 4, .key_value_heads = 1}),
              output({.kind = "multi_query", .heads = 4}), tolerance::same_in_double);
}

TEST_CASE("the scale of the scores can be named", "[layers][attention]") {
  const Tensor x = normal({2, 5, d_model}, 1);
  for (const double scale : {1.0, 0.2}) {
    INFO(scale);
    const AttentionConfig config{.heads = 3, .scale = scale};
    const auto attention = make_test_attention(config);
    CHECK_CLOSE(attention->forward({.query_BTD = x, .memory_BSD = x, .mask = no_mask}),
                attention_by_hand(*attention, config, x, x, {}), tolerance::same_in_double);
  }
}

TEST_CASE("widths of heads and biases decide the shapes of the parameters", "[layers][attention]") {
  const auto attention =
      make_test_attention({.kind = "grouped_query", .heads = 4, .key_value_heads = 2, .d_k = 5, .d_v = 7});
  const auto parameters = attention->named_parameters();
  CHECK(parameters["query.weight"].sizes() == at::IntArrayRef({20, d_model}));
  CHECK(parameters["key.weight"].sizes() == at::IntArrayRef({10, d_model}));
  CHECK(parameters["value.weight"].sizes() == at::IntArrayRef({14, d_model}));
  CHECK(parameters["output.weight"].sizes() == at::IntArrayRef({d_model, 28}));
  CHECK(parameters["value.bias"].sizes() == at::IntArrayRef({14}));
  CHECK(make_test_attention({.heads = 4, .bias = false})->parameters().size() == 4);
}

TEST_CASE("a trace gets the weights of each layer, and they sum to one", "[layers][attention]") {
  const auto attention = make_test_attention({.kind = "grouped_query", .heads = 4});
  const Tensor x = normal({2, 5, d_model}, 1);
  const AttentionMask mask = causal_mask();
  AttentionTrace trace;
  trace.prefix = "first";
  attention->forward({.query_BTD = x, .memory_BSD = x, .mask = mask, .trace = &trace});
  trace.prefix = "second";
  attention->forward({.query_BTD = x, .memory_BSD = x, .mask = no_mask, .trace = &trace});
  REQUIRE(trace.weights_BHTS.size() == 2);
  CHECK(trace.weights_BHTS[0].first == "first");
  CHECK(trace.weights_BHTS[1].first == "second");
  for (const auto& [name, weights] : trace.weights_BHTS) {
    INFO(name);
    CHECK_CLOSE(weights.sum(-1), at::ones({2, 4, 5}, at::kDouble), tolerance::same_in_double);
    CHECK_FALSE(weights.requires_grad());
  }
  CHECK(trace.weights_BHTS[0].second.triu(1).equal(at::zeros({2, 4, 5, 5}, at::kDouble)));
}

TEST_CASE("the plain formula adds a bias to the scores", "[layers][attention]") {
  const Tensor q = normal({2, 3, 4, 5}, 1);
  const Tensor k = normal({2, 3, 6, 5}, 2);
  const Tensor v = normal({2, 3, 6, 7}, 3);
  const Tensor bias = normal({3, 4, 6}, 4);
  const Tensor allowed = at::ones({4, 6}, at::kBool).tril(2);
  const PlainAttention plain = plain_attention(q, k, v, allowed, bias, 0.3, 0, /*training=*/false);
  const Tensor mask = bias.masked_fill(~allowed, -INFINITY).unsqueeze(0);
  CHECK_CLOSE(plain.output, at::scaled_dot_product_attention(q, k, v, mask, 0, false, 0.3), tolerance::same_in_double);
  CHECK(plain.output.sizes() == at::IntArrayRef({2, 3, 4, 7}));
  CHECK(plain.weights.sizes() == at::IntArrayRef({2, 3, 4, 6}));
}

TEST_CASE("positions that act on the scores do so on the fast path as by the plain formula", "[layers][attention]") {
  /// A trained bias per head and distance, as T5 and ALiBi have one.
  struct ByDistance final : Position {
    Tensor bias(std::int64_t first, std::int64_t queries, std::int64_t keys) override {
      const Tensor distance = at::arange(keys).unsqueeze(0) - at::arange(first, first + queries).unsqueeze(1);
      return weight.index_select(1, (distance + 8).flatten()).view({2, queries, keys});
    }
    Tensor weight = normal({2, 17}, 5).requires_grad_();
  };
  constexpr std::int64_t length = 6;
  const auto attention = make_test_attention({.heads = 2});
  const Tensor x = normal({3, length, d_model}, 1);
  const AttentionMask padded = padding_mask(at::tensor({1, 1, 1, 1, 0, 0}).repeat({3, 1}), 0);
  for (const AttentionMask& mask : {no_mask, causal_mask(), padded, AttentionMask{padded.keys, true}}) {
    ByDistance position;
    const auto forward = [&](AttentionTrace* trace) {
      position.weight.mutable_grad() = Tensor();
      const Tensor output =
          attention->forward({.query_BTD = x, .memory_BSD = x, .mask = mask, .position = &position, .trace = trace});
      weighted_sum(output).backward();
      return std::make_pair(output, position.weight.grad());
    };
    AttentionTrace trace;
    const auto [fast, fast_gradient] = forward(nullptr);
    const auto [plain, plain_gradient] = forward(&trace);
    CHECK_CLOSE(fast, plain, tolerance::same_in_double);
    CHECK_CLOSE(fast_gradient, plain_gradient, tolerance::same_in_double);
    CHECK(fast_gradient.abs().max().item<double>() > 0);
    CHECK_FALSE(at::allclose(fast, attention->forward({.query_BTD = x, .memory_BSD = x, .mask = mask})));
    if (!mask.causal || mask.keys.defined()) continue;
    AttentionCache cache;  // step by step
    std::vector<Tensor> steps;
    for (std::int64_t t = 0; t < length; ++t) {
      const Tensor step = x.slice(1, t, t + 1);
      steps.push_back(attention->forward(
          {.query_BTD = step, .memory_BSD = step, .mask = mask, .position = &position, .cache = &cache}));
    }
    CHECK_CLOSE(at::cat(steps, 1), fast, tolerance::same_in_double);
  }
}

TEST_CASE("dropout on the weights keeps their mean, in training alone", "[layers][attention]") {
  AttentionConfig config{.heads = 4, .dropout = 0.5};
  const auto attention = make_test_attention(config);
  const Tensor x = normal({1, 5, d_model}, 1).repeat({4000, 1, 1});
  for (const bool plain : {false, true}) {
    INFO((plain ? "plain" : "fast"));
    AttentionTrace trace;
    const AttentionInput input{.query_BTD = x, .memory_BSD = x, .mask = no_mask, .trace = plain ? &trace : nullptr};
    attention->eval();
    const Tensor expected = attention->forward(input)[0];
    attention->train();
    at::manual_seed(1);
    const Tensor noisy = attention->forward(input);
    CHECK(noisy[0].allclose(noisy[1]) == false);
    const Tensor error = (noisy.mean(0) - expected).abs() / (noisy.std(0) / std::sqrt(4000.0));
    CHECK(error.max().item<double>() < 5);
  }
}

TEST_CASE("attention with a cache, in pieces, equals attention at once", "[layers][attention]") {
  const AttentionMask mask = causal_mask();
  ParameterFactory factory(at::kCPU, at::kDouble);
  for (const char* kind : {"scaled_dot_product", "multi_query", "grouped_query"}) {
    for (const char* position_kind : {"none", "rotary"}) {
      INFO(kind << ", position " << position_kind);
      const AttentionConfig config{.kind = kind, .heads = 3, .key_value_heads = 1, .d_k = 4, .d_v = 5};
      const auto attention = make_test_attention(config);
      const auto position = make_position({.kind = position_kind}, {d_model, 4, 3, 64}, {}, factory);
      const Tensor x = normal({2, 9, d_model}, 1);
      const Tensor whole =
          attention->forward({.query_BTD = x, .memory_BSD = x, .mask = mask, .position = position.get()});
      AttentionCache cache;
      std::vector<Tensor> pieces;
      for (const auto& [first, last] : {std::pair{0, 1}, std::pair{1, 4}, std::pair{4, 5}, std::pair{5, 9}}) {
        const Tensor piece = x.slice(1, first, last);
        CHECK(cache.length() == first);
        pieces.push_back(attention->forward(
            {.query_BTD = piece, .memory_BSD = piece, .mask = mask, .position = position.get(), .cache = &cache}));
      }
      CHECK(cache.length() == 9);
      CHECK_CLOSE(at::cat(pieces, 1), whole, tolerance::same_in_double);
    }
  }
}

TEST_CASE("a complete cache stands for the memory", "[layers][attention]") {
  const auto attention = make_test_attention({.heads = 4});
  const Tensor query = normal({2, 3, d_model}, 1);
  const Tensor memory = normal({2, 5, d_model}, 2);
  AttentionCache cache;
  const Tensor expected =
      attention->forward({.query_BTD = query, .memory_BSD = memory, .mask = no_mask, .cache = &cache});
  CHECK(cache.length() == 5);
  const Tensor nothing = at::full_like(memory, NAN);
  const Tensor again = attention->forward(
      {.query_BTD = query, .memory_BSD = nothing, .mask = no_mask, .cache = &cache, .cache_is_complete = true});
  CHECK(again.equal(expected));
  CHECK(cache.length() == 5);
}
