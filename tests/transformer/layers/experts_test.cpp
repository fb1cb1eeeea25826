// Experts against the formula with every expert computed for every token, in double.
#include "transformer/layers/experts.h"

#include <ATen/Context.h>

#include "tests/tensors.h"
#include "transformer/config/reader.h"
#include "transformer/layers/auxiliary_loss.h"
#include "transformer/layers/feed_forward.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

FeedForwardConfig mixture(const std::string& router, std::int64_t number, std::int64_t per_token,
                          const std::string& kind = "swiglu") {
  FeedForwardConfig config{.kind = kind, .d_ff = 5, .bias = false};
  config.experts.kind = router;
  config.experts.number = number;
  config.experts.per_token = per_token;
  return config;
}

std::shared_ptr<FeedForward> random_mixture(const FeedForwardConfig& config, std::int64_t d_model = 4,
                                            at::ScalarType dtype = at::kDouble) {
  ParameterFactory factory(at::kCPU, dtype);
  std::shared_ptr<FeedForward> unit = make_feed_forward(config, d_model, {}, factory);
  randomize(*unit, 7);
  unit->eval();
  return unit;
}

/// softmax, without the library's own.
Tensor probabilities_of(const Tensor& logits) {
  const Tensor exponentials = (logits - logits.amax(-1, /*keepdim=*/true)).exp();
  return exponentials / exponentials.sum(-1, /*keepdim=*/true);
}

/// Which experts a token goes to: the number of larger logits is below k. (N, E), 0 or 1.
Tensor is_chosen(const Tensor& logits, std::int64_t k) {
  return logits.unsqueeze(1).gt(logits.unsqueeze(2)).sum(2).lt(k).to(logits.scalar_type());
}

/// Every expert for every token, weighed by 0 where it is not chosen. x (N, D).
Tensor mixture_by_hand(FeedForward& unit, const FeedForwardConfig& config, const Tensor& x) {
  const auto parameters = unit.named_parameters();
  const auto times = [&](const Tensor& y, std::int64_t e, const char* name) {
    return at::matmul(y, parameters["experts." + std::to_string(e) + "." + name + ".weight"].t());
  };
  const Tensor logits = at::matmul(x, parameters["router.weight"].t());
  Tensor weight = probabilities_of(logits) * is_chosen(logits, config.experts.per_token);
  if (config.experts.kind == "top_k_softmax") weight = weight / weight.sum(-1, /*keepdim=*/true);
  Tensor sum = at::zeros_like(x);
  for (std::int64_t e = 0; e < config.experts.number; ++e) {
    const Tensor z = times(x, e, config.kind == "swiglu" ? "gate" : "inner");
    const Tensor inner = config.kind == "swiglu" ? z / (1 + (-z).exp()) * times(x, e, "inner") : z.clamp_min(0);
    sum = sum + weight.slice(1, e, e + 1) * times(inner, e, "outer");
  }
  return sum;
}

}  // namespace

TEST_CASE("experts are the weighted sum over the chosen ones, values and gradients", "[layers][experts]") {
  for (const char* router : {"top_k_softmax", "softmax_top_k"}) {
    for (const char* kind : {"swiglu", "relu"}) {
      for (const auto& [number, per_token] : {std::pair{4, 2}, std::pair{5, 3}, std::pair{3, 3}, std::pair{7, 1}}) {
        if (per_token == 1 && std::string(router) == "top_k_softmax") continue;
        INFO(router << ", " << kind << ", " << per_token << " of " << number);
        const FeedForwardConfig config = mixture(router, number, per_token, kind);
        const auto unit = random_mixture(config);
        const Tensor x = normal({2, 9, 4}, 1), y = x.clone();
        x.requires_grad_();
        y.requires_grad_();
        const Tensor actual = unit->forward(x);
        const Tensor expected = mixture_by_hand(*unit, config, y.flatten(0, 1)).view({2, 9, 4});
        CHECK_CLOSE(actual, expected, tolerance::same_in_double);
        const auto actual_gradients = gradients(*unit, weighted_sum(actual));
        const auto expected_gradients = gradients(*unit, weighted_sum(expected));
        CHECK_CLOSE(x.grad(), y.grad(), tolerance::same_in_double);
        for (std::size_t i = 0; i < actual_gradients.size(); ++i) {
          INFO(actual_gradients[i].first);
          CHECK_CLOSE(actual_gradients[i].second, expected_gradients[i].second, tolerance::same_in_double);
        }
      }
    }
  }
}

TEST_CASE("each position passes through experts by itself, whatever the unit", "[layers][experts]") {
  for (const std::string& kind : feed_forward_table().choices().names()) {
    for (const char* router : {"top_k_softmax", "softmax_top_k"}) {
      INFO(kind << ", " << router);
      const auto unit = random_mixture(mixture(router, 3, 2, kind));
      const Tensor x = normal({2, 3, 4}, 1), y = unit->forward(x);
      CHECK(y.sizes() == x.sizes());
      CHECK_CLOSE(unit->forward(x.slice(0, 1).slice(1, 2)), y.slice(0, 1).slice(1, 2), tolerance::same_in_double);
      const at::NoGradGuard no_grad;
      CHECK_CLOSE(unit->forward(x), y, tolerance::same_in_double);
    }
  }
}

TEST_CASE("equal experts with weights that sum to 1 are one unit", "[layers][experts]") {
  const auto unit = random_mixture(mixture("top_k_softmax", 3, 2));
  for (const char* name : {"gate", "inner", "outer"}) {
    const std::string tail = std::string(".") + name + ".weight";
    const Tensor first = unit->named_parameters()["experts.0" + tail].clone();
    for (const char* e : {"1", "2"}) set_parameter(*unit, std::string("experts.") + e + tail, first);
  }
  ParameterFactory factory(at::kCPU, at::kDouble);
  const auto one = make_feed_forward({.kind = "swiglu", .d_ff = 5, .bias = false}, 4, {}, factory);
  for (const auto& item : one->named_parameters()) {
    set_parameter(*one, item.key(), unit->named_parameters()["experts.0." + item.key()]);
  }
  const Tensor x = normal({2, 9, 4}, 1);
  CHECK_CLOSE(unit->forward(x), one->forward(x), tolerance::same_in_double);
}

TEST_CASE("experts in float, on the kernels, are those in double", "[layers][experts]") {
  // Enough tokens that an expert has a kernel's block of them.
  const FeedForwardConfig config = mixture("top_k_softmax", 3, 2);
  const auto precise = random_mixture(config, 24), fast = random_mixture(config, 24, at::kFloat);
  const Tensor x = normal({8, 97, 24}, 1), z = x.to(at::kFloat).requires_grad_();
  x.requires_grad_();
  const Tensor expected = precise->forward(x), actual = fast->forward(z);
  CHECK_CLOSE(actual, expected, 1e-5);
  const auto wanted = gradients(*precise, weighted_sum(expected)), found = gradients(*fast, weighted_sum(actual));
  CHECK_CLOSE(z.grad(), x.grad(), tolerance::gradient_in_float);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    INFO(wanted[i].first);
    CHECK_CLOSE(found[i].second, wanted[i].second, tolerance::gradient_in_float);
  }
}

TEST_CASE("an expert whom no token asks has a gradient of zeros", "[layers][experts]") {
  const auto unit = random_mixture(mixture("softmax_top_k", 4, 1));
  set_parameter(*unit, "router.weight", at::ones({4, 4}, at::kDouble) * at::arange(4, at::kDouble).unsqueeze(1));
  const Tensor x = normal({6, 4}, 1).abs();  // expert 3 has the largest logit for all
  for (const auto& [name, gradient] : gradients(*unit, weighted_sum(unit->forward(x)))) {
    INFO(name);
    REQUIRE(gradient.defined());
    const bool is_asked = name.starts_with("experts.3.") || name == "router.weight";
    CHECK((gradient.abs().max().item<double>() > 0) == is_asked);
  }
}

TEST_CASE("experts are a function of their input, with deterministic algorithms too", "[layers][experts]") {
  const auto unit = random_mixture(mixture("top_k_softmax", 4, 2), 4, at::kFloat);
  const auto both_ways = [&] {
    const Tensor x = normal({40, 4}, 1, at::kFloat).requires_grad_();
    const Tensor y = unit->forward(x);
    weighted_sum(y).backward();
    return std::pair{y, x.grad()};
  };
  const auto [y, gradient] = both_ways();
  const bool before = at::globalContext().deterministicAlgorithms();
  at::globalContext().setDeterministicAlgorithms(true, false);
  const auto [again, gradient_again] = both_ways();
  at::globalContext().setDeterministicAlgorithms(before, false);
  CHECK(again.equal(y));
  CHECK(gradient_again.equal(gradient));
}

TEST_CASE("the load is even at 1, and counted by the choices", "[layers][experts]") {
  const Tensor even = at::full({6, 4}, 0.25, at::kDouble);
  CHECK(load_imbalance(even, {3, 3, 3, 3}).item<double>() == Approx(1));
  CHECK(load_imbalance(even, {12, 0, 0, 0}).item<double>() == Approx(1));
  // All tokens to one expert, which is sure of them: E.
  const Tensor one = at::zeros({6, 4}, at::kDouble);
  one.select(1, 2).fill_(1);
  CHECK(load_imbalance(one, {0, 0, 6, 0}).item<double>() == Approx(4));
  // E * sum of f_e P_e with f = (2/3, 1/3), P = (0.4, 0.6).
  const Tensor two = at::tensor({0.5, 0.5, 0.3, 0.7}, at::kDouble).view({2, 2});
  CHECK(load_imbalance(two, {2, 1}).item<double>() == Approx(2 * (0.4 * 2 / 3 + 0.6 / 3)));
}

TEST_CASE("what spreads the load is that of Fedus et al. 2021, with its gradient", "[layers][experts]") {
  FeedForwardConfig config = mixture("softmax_top_k", 3, 1);
  config.experts.load_balancing = 0.5;
  const auto unit = random_mixture(config);
  unit->train();
  const Tensor x = normal({2, 7, 4}, 1);
  AuxiliaryLosses collected;
  unit->forward(x);
  const Tensor logits = at::matmul(x.flatten(0, 1), unit->named_parameters()["router.weight"].t());
  const Tensor expected = 0.5 * 3 * (is_chosen(logits, 1).mean(0) * probabilities_of(logits).mean(0)).sum();
  CHECK_CLOSE(collected.sum(), expected, tolerance::same_in_double);
  const auto actual = gradients(*unit, collected.sum()), wanted = gradients(*unit, expected);
  CHECK(actual.front().first == "router.weight");
  CHECK_CLOSE(actual.front().second, wanted.front().second, tolerance::same_in_double);
  CHECK(actual.front().second.abs().max().item<double>() > 0);
}

TEST_CASE("padding is no load, and gets nothing", "[layers][experts]") {
  const auto unit = random_mixture(mixture("top_k_softmax", 3, 2));
  unit->train();
  const Tensor x = normal({2, 4, 4}, 1);
  const Tensor real = at::tensor({1, 1, 1, 0, 1, 0, 0, 0}, at::kLong).view({2, 4}).to(at::kBool);
  const Tensor places = real.flatten().nonzero().squeeze(1), alone = x.flatten(0, 1).index_select(0, places);
  AuxiliaryLosses of_all;
  const Tensor y = unit->forward(x, real);
  AuxiliaryLosses of_real;
  CHECK_CLOSE(y.flatten(0, 1).index_select(0, places), unit->forward(alone), tolerance::same_in_double);
  CHECK_CLOSE(of_all.sum(), of_real.sum(), tolerance::same_in_double);
  CHECK(y.masked_select(real.logical_not().unsqueeze(-1)).eq(0).all().item<bool>());
  CHECK(unit->forward(x, at::zeros_like(real)).eq(0).all().item<bool>());
}

TEST_CASE("the load is a loss in training alone, if it has a factor and somebody wants it", "[layers][experts]") {
  const auto collected_from = [](bool training, double factor) {
    FeedForwardConfig config = mixture("top_k_softmax", 3, 2);
    config.experts.load_balancing = factor;
    const auto unit = random_mixture(config);
    unit->train(training);
    AuxiliaryLosses losses;
    unit->forward(normal({5, 4}, 1));
    return losses.sum();
  };
  CHECK(collected_from(true, 0.01).defined());
  CHECK_FALSE(collected_from(true, 0).defined());
  CHECK_FALSE(collected_from(false, 0.01).defined());
  CHECK_FALSE(AuxiliaryLosses::are_wanted());
  AuxiliaryLosses::add(at::ones({}));  // to nobody
  AuxiliaryLosses outer;
  {
    AuxiliaryLosses inner;
    AuxiliaryLosses::add(at::ones({}));
    AuxiliaryLosses::add(at::ones({}));
    CHECK(inner.sum().item<double>() == 2);
  }
  CHECK(AuxiliaryLosses::are_wanted());
  CHECK_FALSE(outer.sum().defined());
}

TEST_CASE("experts that cannot be are told", "[layers][experts]") {
  const auto read = [](const std::string& text) {
    config::Document document;
    document.add({config::expand_dotted(config::parse_json(text, "unit"), "unit"), "unit"});
    config::Problems problems;
    FeedForwardConfig unit;
    config::Reader(document, problems).read(unit);
    problems.throw_if_any();
    return unit;
  };
  CHECK(read(R"({"experts": {"kind": "softmax_top_k", "per_token": 1}})").experts.per_token == 1);
  CHECK_THROWS_MENTION(read(R"({"experts": {"kind": "top_k_softmax", "per_token": 1}})"), "softmax_top_k");
  CHECK_THROWS_MENTION(read(R"({"experts": {"kind": "softmax_top_k", "number": 4, "per_token": 5}})"),
                       "experts.per_token: 5 experts of a token, of 4");
  CHECK_THROWS_MENTION(read(R"({"experts.number": 4})"), "experts.number");
  CHECK_THROWS_MENTION(read(R"({"experts.kind": "softmax_topk"})"), "softmax_top_k");
}
