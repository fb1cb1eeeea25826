#include "transformer/layers/feed_forward.h"

#include <map>

#include "tests/tensors.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

std::shared_ptr<FeedForward> random_unit(const FeedForwardConfig& config, std::int64_t d_model) {
  ParameterFactory factory(at::kCPU, at::kDouble);
  std::shared_ptr<FeedForward> unit = make_feed_forward(config, d_model, {}, factory);
  randomize(*unit, 7);
  return unit;
}

using Function = Tensor (*)(const Tensor&);

Tensor rectified(const Tensor& z) { return z.clamp_min(0); }
Tensor logistic(const Tensor& z) { return 1 / (1 + (-z).exp()); }
Tensor exact_gelu(const Tensor& z) { return z * 0.5 * (1 + (z / std::sqrt(2.0)).erf()); }
Tensor same(const Tensor& z) { return z; }

const std::map<std::string, Function> plain{
    {"relu", rectified},
    {"gelu", exact_gelu},
    {"gelu_tanh",
     [](const Tensor& z) { return 0.5 * z * (1 + ((z + 0.044715 * z.pow(3)) * std::sqrt(2 / M_PI)).tanh()); }},
    {"swish", [](const Tensor& z) { return z * logistic(z); }},
    {"tanh", [](const Tensor& z) { return 2 * logistic(2 * z) - 1; }},
    {"elu", [](const Tensor& z) { return at::where(z > 0, z, z.exp() - 1); }},
    {"selu",
     [](const Tensor& z) { return 1.0507009873554805 * at::where(z > 0, z, 1.6732632423543772 * (z.exp() - 1)); }},
    {"sigmoid", logistic},
    {"softplus", [](const Tensor& z) { return (1 + z.exp()).log(); }},
    {"squared_relu", [](const Tensor& z) { return rectified(z) * rectified(z); }},
    {"identity", same},
};
const std::map<std::string, Function> gated{
    {"glu", logistic},
    {"bilinear", same},
    {"reglu", rectified},
    {"geglu", exact_gelu},
    {"swiglu", [](const Tensor& z) { return z * logistic(z); }},
};

/// x W^T + b, with the unit's own parameters.
Tensor affine(FeedForward& unit, const std::string& name, const Tensor& x) {
  const auto parameters = unit.named_parameters();
  const Tensor y = at::matmul(x, parameters[name + ".weight"].t());
  const Tensor* bias = parameters.find(name + ".bias");
  return bias != nullptr ? y + *bias : y;
}

}  // namespace

TEST_CASE("a plain unit is act(x W1 + b1) W2 + b2", "[layers][feed_forward]") {
  const Tensor x = normal({2, 3, 4}, 1);
  for (const auto& [kind, act] : plain) {
    for (const bool bias : {true, false}) {
      INFO(kind << (bias ? " with" : " without") << " bias");
      const auto unit = random_unit({.kind = kind, .d_ff = 5, .bias = bias}, 4);
      CHECK(unit->named_parameters().size() == (bias ? 4 : 2));
      CHECK_CLOSE(unit->forward(x), affine(*unit, "outer", act(affine(*unit, "inner", x))), 1e-11);
    }
  }
}

TEST_CASE("a gated unit is (act(x W) * x V) W2", "[layers][feed_forward]") {
  const Tensor x = normal({2, 3, 4}, 1);
  for (const auto& [kind, act] : gated) {
    for (const bool bias : {true, false}) {
      INFO(kind << (bias ? " with" : " without") << " bias");
      const auto unit = random_unit({.kind = kind, .d_ff = 5, .bias = bias}, 4);
      CHECK(unit->named_parameters().size() == (bias ? 6 : 3));
      const Tensor inner = act(affine(*unit, "gate", x)) * affine(*unit, "inner", x);
      CHECK_CLOSE(unit->forward(x), affine(*unit, "outer", inner), 1e-11);
    }
  }
}

TEST_CASE("two thirds of d_ff give a gated unit the parameters of a plain one", "[layers][feed_forward]") {
  const auto count = [](const FeedForwardConfig& config) {
    std::int64_t sum = 0;
    for (const Tensor& parameter : random_unit(config, 6)->parameters()) sum += parameter.numel();
    return sum;
  };
  CHECK(count({.kind = "swiglu", .d_ff = 8, .bias = false}) == count({.kind = "relu", .d_ff = 12, .bias = false}));
}

TEST_CASE("dropout acts on the inner activations, in training alone", "[layers][feed_forward]") {
  // With the identity as the outer matrix the unit shows its inner activations.
  ParameterFactory factory(at::kCPU, at::kDouble);
  const auto unit = make_feed_forward({.kind = "relu", .d_ff = 64, .bias = false, .dropout = 0.5}, 64, {}, factory);
  set_parameter(*unit, "inner.weight", at::eye(64, at::kDouble));
  set_parameter(*unit, "outer.weight", at::eye(64, at::kDouble));
  const Tensor x = at::ones({4, 64}, at::kDouble);
  unit->eval();
  CHECK(unit->forward(x).equal(x));
  unit->train();
  at::manual_seed(3);
  const Tensor y = unit->forward(x);
  CHECK(((y == 0) | (y == 2)).all().item<bool>());
  CHECK((y == 0).any().item<bool>());
  CHECK((y == 2).any().item<bool>());
}
