#include "transformer/layers/initialization.h"

#include <cmath>

#include "tests/tensors.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

constexpr std::int64_t fan_out = 300;
constexpr std::int64_t fan_in = 500;

Tensor filled_weight(const WeightInitialization& config, std::uint64_t seed = 1) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  Tensor weight = at::full({fan_out, fan_in}, std::nan(""));
  fill_weight(config)(weight, generator);
  return weight;
}

Tensor filled_bias(const WeightInitialization& config) {
  at::Generator generator = at::detail::createCPUGenerator(1);
  Tensor bias = at::full({20000}, std::nan(""));
  fill_bias(config, fan_in)(bias, generator);
  return bias;
}

/// 150,000 draws: the mean is known to std / 387, the standard deviation to 0.2 percent.
void check_moments(const Tensor& values, double standard_deviation) {
  CHECK(values.mean().item<double>() == Approx(0).margin(5 * standard_deviation / 387));
  CHECK(values.std().item<double>() == Approx(standard_deviation).epsilon(0.01));
}

/// All values within the bound, and some close to it.
void check_uniform(const Tensor& values, double bound) {
  check_moments(values, bound / std::sqrt(3.0));
  CHECK(values.abs().max().item<double>() <= bound * (1 + 1e-6));
  CHECK(values.abs().max().item<double>() > 0.99 * bound);
}

/// 0.27 percent of a normal distribution lie beyond three standard deviations.
void check_normal(const Tensor& values, double standard_deviation) {
  check_moments(values, standard_deviation);
  const double beyond = (values.abs() > 3 * standard_deviation).to(at::kDouble).mean().item<double>();
  CHECK(beyond == Approx(0.0027).margin(0.0007));
}

}  // namespace

TEST_CASE("weights have the distribution of their name", "[layers][initialization]") {
  const double sum = fan_in + fan_out;
  SECTION("xavier_uniform") { check_uniform(filled_weight({.kind = "xavier_uniform"}), std::sqrt(6 / sum)); }
  SECTION("xavier_uniform with a gain") {
    check_uniform(filled_weight({.kind = "xavier_uniform", .gain = 0.5}), 0.5 * std::sqrt(6 / sum));
  }
  SECTION("xavier_normal") {
    check_normal(filled_weight({.kind = "xavier_normal", .gain = 2}), 2 * std::sqrt(2 / sum));
  }
  SECTION("kaiming_normal") {
    check_normal(filled_weight({.kind = "kaiming_normal", .gain = 2}), 2 * std::sqrt(2.0 / fan_in));
  }
  SECTION("torch_linear") {
    check_uniform(filled_weight({.kind = "torch_linear", .gain = 9}), 1 / std::sqrt(static_cast<double>(fan_in)));
  }
  SECTION("normal") { check_normal(filled_weight({.kind = "normal", .std = 0.02}), 0.02); }
  SECTION("d_model_normal") {
    check_normal(filled_weight({.kind = "d_model_normal", .gain = 2}), 2 / std::sqrt(static_cast<double>(fan_in)));
  }
}

TEST_CASE("biases start at zero, or as torch.nn.Linear starts them", "[layers][initialization]") {
  CHECK(filled_bias({.bias = "zeros"}).equal(at::zeros({20000})));
  const Tensor bias = filled_bias({.bias = "torch_linear"});
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  CHECK(bias.abs().max().item<double>() <= bound * (1 + 1e-6));
  CHECK(bias.std().item<double>() == Approx(bound / std::sqrt(3.0)).epsilon(0.02));
}

TEST_CASE("an unknown distribution is an error with a suggestion", "[layers][initialization]") {
  CHECK_THROWS_MENTION(fill_weight({.kind = "xavier"}), "unknown initialization 'xavier'");
  CHECK_THROWS_MENTION(fill_bias({.bias = "zero"}, 3), "did you mean 'zeros'?");
}

TEST_CASE("a linear map is x W^T + b with a weight of (out, in)", "[layers][initialization]") {
  ParameterFactory factory(at::kCPU, at::kDouble);
  Linear linear(3, 2, /*bias=*/true, {.bias = "torch_linear"}, factory);
  factory.initialize(1);
  CHECK(linear.weight.sizes() == at::IntArrayRef({2, 3}));
  const Tensor x = normal({4, 3}, 1);
  CHECK_CLOSE(linear.forward(x), at::matmul(x, linear.weight.t()) + linear.bias, tolerance::same_in_double);
  CHECK(linear.bias.abs().max().item<double>() > 0);
  const Linear without(3, 2, /*bias=*/false, {}, factory);
  CHECK(without.parameters().size() == 1);
}

TEST_CASE("parameters are filled in the order of creation from one seed", "[layers][initialization]") {
  const auto build = [](std::uint64_t seed) {
    ParameterFactory factory(at::kCPU);
    torch::nn::Module owner("owner");
    Tensor first = factory.create(owner, "first", {4, 4}, fill_weight({}));
    Tensor second = factory.create(owner, "second", {4, 4}, fill_weight({}));
    factory.initialize(seed);
    return std::make_pair(first.detach(), second.detach());
  };
  CHECK(build(1).first.equal(build(1).first));
  CHECK(build(1).second.equal(build(1).second));
  CHECK_FALSE(build(1).first.equal(build(1).second));
  CHECK_FALSE(build(1).first.equal(build(2).first));
}

TEST_CASE("initialising leaves the default generator alone", "[layers][initialization]") {
  const auto next_draw = [](bool initialise) {
    at::manual_seed(4);
    ParameterFactory factory(at::kCPU);
    Linear linear(3, 3, true, {}, factory);
    if (initialise) factory.initialize(1);
    return at::rand({4});
  };
  CHECK(next_draw(true).equal(next_draw(false)));
}

TEST_CASE("the dtype of a model changes its precision, not its values", "[layers][initialization]") {
  const auto weight = [](at::ScalarType dtype) {
    ParameterFactory factory(at::kCPU, dtype);
    Linear linear(30, 30, false, {}, factory);
    factory.initialize(1);
    return linear.weight.detach();
  };
  CHECK(weight(at::kDouble).scalar_type() == at::kDouble);
  CHECK(weight(at::kDouble).equal(weight(at::kFloat).to(at::kDouble)));
}

TEST_CASE("parameters on the meta device have shapes and no values", "[layers][initialization]") {
  ParameterFactory factory(at::kMeta);
  Linear linear(1 << 20, 1 << 20, true, {}, factory);  // 4 TiB in float
  CHECK_NOTHROW(factory.initialize(1));
  CHECK(linear.weight.is_meta());
  CHECK(linear.weight.requires_grad());
  CHECK(linear.weight.size(0) == 1 << 20);
}
