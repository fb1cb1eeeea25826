#include "transformer/kernels/dropout.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>

#include "tests/catch.h"
#include "tests/threads.h"

using ablate::counter_dropout;
using ablate::DropoutThreshold;
using ablate::Tensor;

namespace {

/// Several tiles and a piece of one, more than one thread's share of work.
constexpr std::int64_t many = 128 * 1000 + 37;

/// The key that the next call of counter_dropout will draw.
std::uint64_t next_key() {
  const at::Generator copy = at::detail::getDefaultCPUGenerator().clone();
  return copy.get<at::CPUGeneratorImpl>()->random64();
}

Tensor plain_mask(std::uint64_t key, std::int64_t size, double rate) {
  const DropoutThreshold threshold(rate);
  Tensor mask = at::zeros({size}, at::kDouble);
  for (std::int64_t i = 0; i < size; ++i) {
    if (ablate::dropout_bits(key, static_cast<std::uint64_t>(i)) >= threshold.drop) mask[i] = threshold.scale();
  }
  return mask;
}

/// Holds `share` to be a mean of `count` coin tosses of probability p: within five standard deviations.
void check_binomial(double share, double p, std::int64_t count) {
  CHECK(share == Approx(p).margin(5 * std::sqrt(p * (1 - p) / static_cast<double>(count))));
}

}  // namespace

TEST_CASE("dropout's mask is the plain function of key and element", "[kernels][dropout]") {
  at::manual_seed(1);
  for (const std::int64_t size : {1, 15, 127, 128, 129, 700}) {
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kBFloat16}) {
      const std::uint64_t key = next_key();
      const Tensor y = counter_dropout(at::ones({size}, dtype), 0.3);
      CHECK(y.scalar_type() == dtype);
      CHECK(at::equal(y, plain_mask(key, size, 0.3).to(dtype)));
    }
  }
}

TEST_CASE("dropout drops at its rate and keeps the mean", "[kernels][dropout]") {
  at::manual_seed(2);
  for (const double rate : {0.0001, 0.1, 0.3, 0.5, 0.9}) {
    const Tensor x = at::full({many}, 3.0, at::kDouble);
    const Tensor y = counter_dropout(x, rate);
    const Tensor kept = y != 0;
    check_binomial(kept.to(at::kDouble).mean().item<double>(), 1 - rate, many);
    const double scale = DropoutThreshold(rate).scale();
    CHECK(scale == Approx(1 / (1 - rate)).epsilon(2e-4));
    CHECK(at::allclose(y.masked_select(kept), at::full({1}, 3 * scale, at::kDouble)));
  }
}

TEST_CASE("dropout's masks are independent from call to call and from element to element", "[kernels][dropout]") {
  at::manual_seed(3);
  const auto mask = [] { return counter_dropout(at::ones({many}), 0.5) != 0; };
  const Tensor first = mask(), second = mask();
  const auto agreement = [](const Tensor& a, const Tensor& b) {
    return (a == b).to(at::kDouble).mean().item<double>();
  };
  check_binomial(agreement(first, second), 0.5, many);
  for (const std::int64_t lag : {1, 2, 16, 32, 64, 128, 2048}) {
    const std::int64_t size = many - lag;
    check_binomial(agreement(first.narrow(0, 0, size), first.narrow(0, lag, size)), 0.5, size);
  }
}

TEST_CASE("dropout does not depend on the number of threads", "[kernels][dropout]") {
  const ablate::testing::RestoreThreads restore_afterwards;
  const auto run = [](int threads) {
    at::set_num_threads(threads);
    at::manual_seed(4);
    return counter_dropout(at::ones({many}), 0.2);
  };
  CHECK(at::equal(run(1), run(2)));
}

TEST_CASE("a generator's saved state restores the masks that follow", "[kernels][dropout]") {
  at::manual_seed(5);
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  const Tensor x = at::ones({1000});
  counter_dropout(x, 0.5);
  const Tensor state = generator.get_state();
  const Tensor first = counter_dropout(x, 0.5), second = counter_dropout(x, 0.5);
  CHECK_FALSE(at::equal(first, second));
  generator.set_state(state);
  CHECK(at::equal(counter_dropout(x, 0.5), first));
  CHECK(at::equal(counter_dropout(x, 0.5), second));
}

TEST_CASE("dropout's gradient passes the mask of the forward pass, to every order", "[kernels][dropout]") {
  at::manual_seed(6);
  const Tensor x = at::randn({30, 50}).requires_grad_(true);
  const std::uint64_t key = next_key();
  const Tensor y = counter_dropout(x, 0.4);
  const Tensor mask = plain_mask(key, x.numel(), 0.4).to(at::kFloat).view({30, 50});
  CHECK(at::equal(y, x * mask));

  const Tensor upstream = at::randn({50, 30}).t().requires_grad_(true);
  const Tensor gradient = torch::autograd::grad({y}, {x}, {upstream}, /*retain_graph=*/true, /*create_graph=*/true)[0];
  CHECK(at::equal(gradient, upstream * mask));
  const Tensor second = torch::autograd::grad({gradient.sum()}, {upstream})[0];
  CHECK(at::equal(second, mask));
}

TEST_CASE("dropout of a view is dropout of its values", "[kernels][dropout]") {
  const Tensor x = at::randn({40, 60});
  at::manual_seed(7);
  const Tensor of_view = counter_dropout(x.t(), 0.5);
  at::manual_seed(7);
  CHECK(at::equal(of_view, counter_dropout(x.t().contiguous(), 0.5)));
  CHECK(at::equal(of_view != 0, of_view == x.t() * 2));
  CHECK(counter_dropout(at::empty({0, 4}), 0.5).sizes() == at::IntArrayRef({0, 4}));
}

TEST_CASE("dropout's rate is rounded to a step of 2^-16, but not to never or always", "[kernels][dropout]") {
  CHECK(DropoutThreshold(0.5).drop == 32768);
  CHECK(DropoutThreshold(0.1).drop == 6554);
  CHECK(DropoutThreshold(1e-9).drop == 1);
  CHECK(DropoutThreshold(1 - 1e-9).drop == 65535);

  const Tensor x = at::randn({100});
  CHECK(counter_dropout(x, 0).is_same(x));
  CHECK(at::equal(counter_dropout(x, 1), at::zeros({100})));
  CHECK_THROWS_MENTION(counter_dropout(x, 1.5), "the rate must lie in [0, 1]");
  CHECK_THROWS_MENTION(counter_dropout(x, -0.1), "the rate must lie in [0, 1]");
  CHECK_THROWS_MENTION(counter_dropout(x, std::numeric_limits<double>::quiet_NaN()), "the rate must lie in [0, 1]");
}

TEST_CASE("dropout leaves tensors that it has no kernel for to LibTorch", "[kernels][dropout]") {
  const Tensor meta = at::empty({3, 4}, at::TensorOptions().device(at::kMeta));
  CHECK(counter_dropout(meta, 0.5).sizes() == meta.sizes());
  CHECK(counter_dropout(at::ones({100}, at::kHalf), 0.5).scalar_type() == at::kHalf);
}
