// The fused first half of a feed-forward unit against LibTorch's activations, one operation after the other.
#include "transformer/kernels/activated_linear.h"

#include <torch/csrc/autograd/autograd.h>

#include "tests/tensors.h"
#include "tests/threads.h"
#include "transformer/kernels/dropout.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

constexpr RowActivation kinds[] = {RowActivation::identity, RowActivation::relu,      RowActivation::squared_relu,
                                   RowActivation::sigmoid,  RowActivation::swish,     RowActivation::tanh,
                                   RowActivation::gelu,     RowActivation::gelu_tanh, RowActivation::elu,
                                   RowActivation::selu};

Tensor plain_activation(RowActivation kind, const Tensor& x) {
  switch (kind) {
    case RowActivation::none:
    case RowActivation::identity:
      return x;
    case RowActivation::relu:
      return at::relu(x);
    case RowActivation::squared_relu:
      return at::square(at::relu(x));
    case RowActivation::sigmoid:
      return at::sigmoid(x);
    case RowActivation::swish:
      return at::silu(x);
    case RowActivation::tanh:
      return at::tanh(x);
    case RowActivation::gelu:
      return at::gelu(x);
    case RowActivation::gelu_tanh:
      return at::gelu(x, "tanh");
    case RowActivation::elu:
      return at::elu(x);
    case RowActivation::selu:
      return at::selu(x);
  }
  return {};
}

/// The oracle draws the same key, so that it drops the same elements.
Tensor plain_activated_linear(const Tensor& x, const ActivatedLinearOptions& o) {
  Tensor y = plain_activation(o.activation, at::linear(x, o.map.weight, o.map.bias));
  if (o.inner.weight.defined()) y = y * at::linear(x, o.inner.weight, o.inner.bias);
  return counter_dropout(y, o.dropout);
}

Tensor parameter(at::IntArrayRef shape, std::uint64_t seed) {
  return normal(shape, seed, at::kFloat).requires_grad_(true);
}

void check(RowActivation kind, std::int64_t rows, std::int64_t out, bool gated, bool bias, double dropout) {
  INFO("activation " << static_cast<int>(kind) << ", " << rows << " rows, " << out << " out, gated " << gated
                     << ", bias " << bias << ", dropout " << dropout);
  const std::int64_t in = 9;
  const Tensor x = parameter({rows, in}, 1);
  std::vector<Tensor> inputs{x};
  ActivatedLinearOptions options{.map = {}, .activation = kind, .dropout = dropout};
  const auto make = [&](LinearMap& map, std::uint64_t seed) {
    inputs.push_back(map.weight = parameter({out, in}, seed));
    if (bias) inputs.push_back(map.bias = parameter({out}, seed + 1));
  };
  make(options.map, 2);
  if (gated) make(options.inner, 4);
  const auto run = [&](auto&& function) {
    at::manual_seed(3);
    const Tensor y = function(x, options);
    std::vector<Tensor> all = torch::autograd::grad({y}, inputs, {normal(y.sizes(), 9, at::kFloat)});
    all.insert(all.begin(), y);
    return all;
  };
  const std::vector<Tensor> actual = run(activated_linear), expected = run(plain_activated_linear);
  for (std::size_t i = 0; i < actual.size(); ++i) {
    INFO("result " << i);
    CHECK_CLOSE(actual[i], expected[i], tolerance::gradient_in_float);
  }
}

}  // namespace

TEST_CASE("an activated linear map is its parts in values and gradients", "[kernels][activated_linear]") {
  for (const RowActivation kind : kinds) {
    for (const bool gated : {false, true}) {
      for (const double dropout : {0.0, 0.3}) {
        check(kind, 200, 37, gated, /*bias=*/true, dropout);
        check(kind, 7, 16, gated, /*bias=*/false, dropout);  // by the library's products
      }
    }
  }
}

TEST_CASE("activations of large and small numbers are LibTorch's", "[kernels][activated_linear]") {
  const Tensor z = at::cat({at::linspace(-30, 30, 2001, at::kFloat), at::linspace(-0.2, 0.2, 999, at::kFloat),
                            at::tensor({-1e4F, 1e4F, 1e-7F, -1e-7F})})
                       .unsqueeze(0);
  const Tensor one = at::ones({1, 1}), weight = z.t().contiguous();
  for (const RowActivation kind : kinds) {
    INFO("activation " << static_cast<int>(kind));
    const Tensor expected = plain_activation(kind, z.to(at::kDouble));
    const Tensor actual = activated_linear(one, {.map = {weight, {}}, .activation = kind});
    CHECK(((actual - expected).abs() / expected.abs().clamp_min(1)).max().item<double>() < 3e-7);
  }
}

TEST_CASE("what is not a number stays one", "[kernels][activated_linear]") {
  const Tensor weight = at::full({20, 1}, NAN);
  for (const std::int64_t rows : {1, 200}) {
    const Tensor x = at::ones({rows, 1});
    for (const RowActivation kind : kinds) {
      INFO(rows << " rows, activation " << static_cast<int>(kind));
      CHECK(activated_linear(x, {.map = {weight, {}}, .activation = kind}).isnan().all().item<bool>());
    }
  }
}

TEST_CASE("the kernel is for many rows of floats on the CPU", "[kernels][activated_linear]") {
  const Tensor many = at::ones({2, 100, 3}), few = at::ones({5, 3});
  CHECK(has_activated_linear(many, RowActivation::relu));
  CHECK_FALSE(has_activated_linear(many, RowActivation::none));
  CHECK_FALSE(has_activated_linear(few, RowActivation::relu));
  CHECK_FALSE(has_activated_linear(many.to(at::kDouble), RowActivation::relu));
  CHECK_FALSE(has_activated_linear(many.to(at::kMeta), RowActivation::relu));
  CHECK_THROWS_WITH(activated_linear(many, {.map = {at::ones({4, 5}), {}}, .activation = RowActivation::relu}),
                    Catch::Contains("weight"));
}

TEST_CASE("an activated linear map does not depend on the number of threads", "[kernels][activated_linear]") {
  const Tensor x = parameter({500, 12}, 1), weight = parameter({40, 12}, 2), bias = parameter({40}, 3);
  const auto run = [&](int count) {
    const RestoreThreads restore;
    at::set_num_threads(count);
    at::manual_seed(1);
    const Tensor y = activated_linear(x, {.map = {weight, bias}, .activation = RowActivation::relu, .dropout = 0.2});
    std::vector<Tensor> all = torch::autograd::grad({weighted_sum(y)}, {x, weight, bias});
    all.push_back(y);
    return all;
  };
  const std::vector<Tensor> one = run(1), two = run(2);
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(at::equal(one[i], two[i]));
}
