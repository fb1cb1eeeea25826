#include "transformer/kernels/linear.h"

#include <torch/csrc/autograd/autograd.h>

#include "tests/tensors.h"
#include "transformer/kernels/packed_product.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

std::vector<LinearMap> maps_of(std::int64_t in, const std::vector<std::int64_t>& out, bool bias) {
  std::vector<LinearMap> maps;
  for (const std::int64_t width : out) {
    const auto seed = static_cast<std::uint64_t>(maps.size());
    maps.push_back({normal({width, in}, 10 + seed, at::kFloat).requires_grad_(true),
                    bias ? normal({width}, 20 + seed, at::kFloat).requires_grad_(true) : Tensor()});
  }
  return maps;
}

}  // namespace

TEST_CASE("several linear maps of one input are at::linear one by one", "[kernels][linear]") {
  for (const bool bias : {false, true}) {
    for (const auto& out : std::vector<std::vector<std::int64_t>>{{7}, {16, 3, 40}}) {
      for (const std::int64_t sentences : {3, 60}) {  // few rows and many have products of their own
        const std::vector<LinearMap> maps = maps_of(12, out, bias);
        const Tensor x = normal({sentences, 5, 12}, 1, at::kFloat).requires_grad_(true);
        std::vector<Tensor> inputs{x};
        for (const LinearMap& map : maps) {
          inputs.push_back(map.weight);
          if (bias) inputs.push_back(map.bias);
        }
        const auto run = [&](auto&& function) {
          std::vector<Tensor> outputs = function(x, maps), upstream;
          for (std::size_t i = 0; i < outputs.size(); ++i)
            upstream.push_back(normal(outputs[i].sizes(), 30 + i, at::kFloat));
          std::vector<Tensor> all = torch::autograd::grad(outputs, inputs, upstream);
          all.insert(all.end(), outputs.begin(), outputs.end());
          return all;
        };
        const auto actual = run([](const Tensor& y, const std::vector<LinearMap>& m) { return linear(y, m); });
        const auto expected = run(plain_linear);
        for (std::size_t i = 0; i < actual.size(); ++i) {
          const double tolerance = i < inputs.size() ? tolerance::gradient_in_float : tolerance::same_in_float;
          CHECK_CLOSE(actual[i], expected[i], tolerance);
        }
      }
    }
  }
}

TEST_CASE("a map whose output is not used leaves the others' gradients as they are", "[kernels][linear]") {
  const std::vector<LinearMap> maps = maps_of(6, {4, 5}, true);
  const Tensor x = normal({8, 6}, 1, at::kFloat).requires_grad_(true);
  const Tensor y = linear(x, maps)[1];
  y.sum().backward();
  CHECK_CLOSE(x.grad(), maps[1].weight.detach().sum(0).expand({8, 6}), tolerance::same_in_float);
  CHECK_FALSE(maps[0].weight.grad().defined());
}

TEST_CASE("packed weights give the product of the weight itself", "[kernels][linear]") {
  const at::NoGradGuard no_grad;
  for (const std::int64_t in : {1, 5, 64, 300, 600}) {
    for (const std::int64_t out : {1, 7, 16, 32, 33, 100}) {
      for (const std::int64_t rows : {1, 5, 6, 13}) {
        const Tensor weight = normal({out, in}, 1, at::kFloat), x = normal({rows, in}, 2, at::kFloat);
        const Tensor bias = normal({out}, 3, at::kFloat);
        for (const Tensor& shift : {Tensor(), bias}) {
          INFO(rows << " rows, " << in << " in, " << out << " out");
          const Tensor actual = packed_linear(x, PackedWeight(weight), shift);
          Tensor expected = at::matmul(x.to(at::kDouble), weight.to(at::kDouble).t());
          if (shift.defined()) expected = expected + shift;
          CHECK_CLOSE(actual, expected, tolerance::same_in_float);
        }
      }
    }
  }
}

TEST_CASE("linear uses packed weights while they are kept, and only then", "[kernels][linear]") {
  const std::vector<LinearMap> maps = maps_of(20, {30}, true);
  const Tensor x = normal({2, 3, 20}, 1, at::kFloat);
  const Tensor expected = plain_linear(x, maps)[0].detach();
  {
    const KeepPackedWeights keep;
    {
      const at::NoGradGuard no_grad;
      CHECK_CLOSE(linear(x, maps)[0], expected, tolerance::same_in_float);
      CHECK(KeepPackedWeights::find(maps[0].weight) == KeepPackedWeights::find(maps[0].weight));
      CHECK(KeepPackedWeights::find(maps[0].weight.to(at::kDouble)) == nullptr);
    }
    CHECK(linear(x, maps)[0].requires_grad());
  }
  CHECK(KeepPackedWeights::find(maps[0].weight) == nullptr);
}
