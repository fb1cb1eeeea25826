#include "transformer/layers/activation.h"

#include <cmath>

#include "tests/tensors.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

/// Compares with a plain formula at points on both sides of zero, at zero and far out.
void check_formula(Tensor (*activation)(const Tensor&), double (*formula)(double)) {
  const std::vector<double> points{-20, -3, -1, -0.5, 0, 0.25, 1, 2.5, 20};
  const Tensor y = activation(at::tensor(points, at::kDouble));
  for (std::size_t i = 0; i < points.size(); ++i) {
    INFO("at " << points[i]);
    CHECK(y[static_cast<std::int64_t>(i)].item<double>() == Approx(formula(points[i])).epsilon(1e-12).margin(1e-12));
  }
}

constexpr double pi = 3.14159265358979323846;

}  // namespace

TEST_CASE("activations are their formulas", "[layers][activation]") {
  SECTION("relu") {
    check_formula(activation::relu, [](double x) { return x > 0 ? x : 0; });
  }
  SECTION("gelu") {
    check_formula(activation::gelu, [](double x) { return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0))); });
  }
  SECTION("gelu_tanh") {
    check_formula(activation::gelu_tanh,
                  [](double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / pi) * (x + 0.044715 * x * x * x))); });
  }
  SECTION("swish") {
    check_formula(activation::swish, [](double x) { return x / (1 + std::exp(-x)); });
  }
  SECTION("tanh") {
    check_formula(activation::tanh, [](double x) { return std::tanh(x); });
  }
  SECTION("elu") {
    check_formula(activation::elu, [](double x) { return x > 0 ? x : std::exp(x) - 1; });
  }
  SECTION("selu") {
    check_formula(activation::selu,
                  [](double x) { return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (std::exp(x) - 1)); });
  }
  SECTION("sigmoid") {
    check_formula(activation::sigmoid, [](double x) { return 1 / (1 + std::exp(-x)); });
  }
  SECTION("squared_relu") {
    check_formula(activation::squared_relu, [](double x) { return x > 0 ? x * x : 0; });
  }
  SECTION("identity") {
    check_formula(activation::identity, [](double x) { return x; });
  }
}

TEST_CASE("softplus is log(1 + exp(x)), linear where that is exact in float", "[layers][activation]") {
  const Tensor y = activation::softplus(at::tensor({-3.0, 0.0, 2.5, 20.0, 100.0}, at::kDouble));
  const std::vector<double> expected{std::log1p(std::exp(-3)), std::log(2), std::log1p(std::exp(2.5)), 20, 100};
  CHECK_CLOSE(y, at::tensor(expected, at::kDouble), 1e-8);
}

TEST_CASE("the exact GELU and its approximation are not one function", "[layers][activation]") {
  const Tensor x = at::tensor({-2.0, 0.7, 2.0}, at::kDouble);
  const double apart = (activation::gelu(x) - activation::gelu_tanh(x)).abs().max().item<double>();
  CHECK(apart > 1e-5);
  CHECK(apart < 1e-3);
}
