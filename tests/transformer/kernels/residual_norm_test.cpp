// The fused residual connection against dropout, sum and LibTorch's norm, one after the other.
#include "transformer/kernels/residual_norm.h"

#include <torch/csrc/autograd/autograd.h>

#include "tests/tensors.h"
#include "tests/threads.h"
#include "transformer/kernels/dropout.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

/// The oracle draws the same key, so that it drops the same elements.
Tensor plain_residual_norm(const Tensor& x, const Tensor& f, const ResidualNormOptions& o) {
  const Tensor z = x + counter_dropout(f, o.dropout);
  return o.kind == RowNorm::layer ? at::layer_norm(z, o.gain.sizes(), o.gain, o.bias, o.eps)
                                  : at::rms_norm(z, o.gain.sizes(), o.gain, o.eps);
}

void check_gradients(const std::vector<Tensor>& inputs, const std::function<Tensor()>& fused,
                     const std::function<Tensor()>& plain) {
  at::manual_seed(3);
  const Tensor actual = fused();
  at::manual_seed(3);
  const Tensor expected = plain();
  CHECK_CLOSE(actual, expected, tolerance::same_in_float);
  const Tensor upstream = normal(actual.sizes(), 9, at::kFloat);
  const auto gradients = torch::autograd::grad({actual}, inputs, {upstream});
  const auto wanted = torch::autograd::grad({expected}, inputs, {upstream});
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    INFO("gradient " << i);
    CHECK_CLOSE(gradients[i], wanted[i], tolerance::gradient_in_float);
  }
}

}  // namespace

TEST_CASE("a fused residual norm is its parts in values and gradients", "[kernels][residual_norm]") {
  for (const RowNorm kind : {RowNorm::layer, RowNorm::rms}) {
    for (const std::int64_t width : {1, 3, 8, 30, 128, 200}) {
      for (const std::int64_t rows : {1, 7, 150}) {
        for (const double dropout : {0.0, 0.3}) {
          for (const bool with_bias : {false, true}) {
            if (kind == RowNorm::rms && with_bias) continue;
            INFO((kind == RowNorm::layer ? "layer" : "rms")
                 << ", " << rows << " x " << width << ", dropout " << dropout);
            const auto make = [&](at::IntArrayRef shape, std::uint64_t seed) {
              return normal(shape, seed, at::kFloat).requires_grad_(true);
            };
            const Tensor x = make({rows, 2, width}, 1), f = make({rows, 2, width}, 2), gain = make({width}, 3);
            ResidualNormOptions options{.kind = kind, .gain = gain, .eps = 0.1, .dropout = dropout};
            std::vector<Tensor> inputs{x, f, gain};
            if (with_bias) inputs.push_back(options.bias = make({width}, 4));
            check_gradients(
                inputs, [&] { return residual_norm(x, f, options); },
                [&] { return plain_residual_norm(x, f, options); });
          }
        }
      }
    }
  }
}

TEST_CASE("a fused residual sum is its parts in values and gradients", "[kernels][residual_norm]") {
  for (const std::int64_t width : {1, 5, 128, 130}) {
    for (const double dropout : {0.0, 0.4, 1.0}) {
      const Tensor x = normal({70, width}, 1, at::kFloat).requires_grad_(true);
      const Tensor f = normal({70, width}, 2, at::kFloat).requires_grad_(true);
      check_gradients(
          {x, f}, [&] { return residual_sum(x, f, dropout); }, [&] { return x + counter_dropout(f, dropout); });
    }
  }
}

TEST_CASE("a residual norm takes views and does not depend on the number of threads", "[kernels][residual_norm]") {
  const RestoreThreads restore_afterwards;
  const Tensor x = normal({40, 300}, 1, at::kFloat).t().requires_grad_(true);
  const Tensor f = normal({300, 80}, 2, at::kFloat).slice(1, 0, 80, 2).requires_grad_(true);
  const Tensor gain = normal({40}, 3, at::kFloat).requires_grad_(true);
  const auto run = [&](int threads) {
    at::set_num_threads(threads);
    at::manual_seed(1);
    const Tensor y = residual_norm(x, f, {.gain = gain, .dropout = 0.1});
    std::vector<Tensor> all = torch::autograd::grad({y}, {x, f, gain}, {at::ones_like(y)});
    all.push_back(y.detach());
    return all;
  };
  const auto one = run(1), two = run(2);
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(one[i].equal(two[i]));
}

TEST_CASE("a residual norm has a kernel for float on the CPU", "[kernels][residual_norm]") {
  const Tensor x = at::ones({2, 3}), gain = at::ones({3});
  CHECK(has_residual_norm(x, x, gain));
  CHECK_FALSE(has_residual_norm(x.to(at::kDouble), x.to(at::kDouble), gain));
  CHECK_FALSE(has_residual_norm(x, at::ones({1, 3}), gain));
  CHECK_THROWS_MENTION(residual_norm(x, x, {.gain = at::ones({4})}), "gain");
}

TEST_CASE("two gradients of a residual norm do not share their memory", "[kernels][residual_norm]") {
  const Tensor x = normal({3, 8}, 1, at::kFloat).requires_grad_(true);
  const Tensor f = normal({3, 8}, 2, at::kFloat).requires_grad_(true);
  const Tensor gain = at::ones({8});
  const auto backward = [&] { residual_norm(x, f, {.gain = gain}).backward(normal({3, 8}, 3, at::kFloat)); };
  backward();
  const Tensor once = x.grad().clone();
  backward();
  CHECK_CLOSE(x.grad(), 2 * once, tolerance::same_in_float);
  CHECK_CLOSE(f.grad(), 2 * once, tolerance::same_in_float);
}
