#include "transformer/kernels/bf16.h"

#include <torch/csrc/autograd/autograd.h>

#include "tests/tensors.h"
#include "transformer/kernels/linear.h"
#include "transformer/training/autocast.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

/// A number of bfloat16 has 8 bits: products of rounded operands differ by the rounding of the result alone.
constexpr double bf16_rounding = 1.0 / 128;

}  // namespace

TEST_CASE("products in bfloat16 are those of rounded numbers, with or without instructions", "[kernels][bf16]") {
  const Tensor x = normal({5, 7, 24}, 1, at::kFloat).requires_grad_(true);
  const LinearMap map{normal({10, 24}, 2, at::kFloat).requires_grad_(true),
                      normal({10}, 3, at::kFloat).requires_grad_(true)};
  const auto round = [](const Tensor& y) { return y.detach().to(at::kBFloat16).to(at::kDouble).requires_grad_(true); };
  const Tensor rounded_x = round(x), rounded_weight = round(map.weight), rounded_bias = round(map.bias);
  const Tensor expected = at::linear(rounded_x, rounded_weight, rounded_bias);
  Tensor y;
  {
    const Autocast autocast(Precision::bf16, at::kCPU);
    y = linear(x, map);
  }
  CHECK(y.scalar_type() == at::kBFloat16);
  CHECK_CLOSE(y, expected, bf16_rounding);
  const Tensor upstream = normal(y.sizes(), 4, at::kFloat).to(at::kBFloat16);
  const auto actual = torch::autograd::grad({y}, {x, map.weight, map.bias}, {upstream});
  const auto wanted =
      torch::autograd::grad({expected}, {rounded_x, rounded_weight, rounded_bias}, {upstream.to(at::kDouble)});
  for (std::size_t i = 0; i < actual.size(); ++i) {
    CHECK(actual[i].scalar_type() == at::kFloat);
    CHECK_CLOSE(actual[i], wanted[i], bf16_rounding);
  }
}

TEST_CASE("bfloat16 is put together only where it is asked for and has no instructions", "[kernels][bf16]") {
  CHECK_FALSE(emulates_bf16(at::kCPU));
  const Autocast autocast(Precision::bf16, at::kCPU);
  CHECK(emulates_bf16(at::kCPU) != has_bf16_products(at::kCPU));
  CHECK_FALSE(emulates_bf16(at::kMeta));
  const WithoutAutocast in_32_bits;
  CHECK_FALSE(emulates_bf16(at::kCPU));
  CHECK(at::mm(at::ones({2, 2}), at::ones({2, 2})).scalar_type() == at::kFloat);
}
