// What the tests of the network share: tensors from a seed, parameters with values worth testing, comparison.
#pragma once

#include "transformer/core/torch.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/tolerance.h"

namespace ablate::testing {

/// N(0, 1), a function of the seed alone.
inline Tensor normal(at::IntArrayRef shape, std::uint64_t seed, at::ScalarType dtype = at::kDouble) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  return at::randn(shape, generator, at::TensorOptions().dtype(at::kDouble)).to(dtype);
}

/// Token ids (B, S) from rows of one length.
inline Tensor tokens(const std::vector<std::vector<std::int64_t>>& rows) {
  std::vector<Tensor> all;
  for (const std::vector<std::int64_t>& row : rows) all.push_back(at::tensor(row, at::kLong));
  return at::stack(all);
}

/// Largest difference over max(1, largest expected element); infinite where shapes differ or something is not
/// finite.
inline double distance(const Tensor& actual, const Tensor& expected) {
  if (!actual.defined() || !expected.defined() || actual.sizes() != expected.sizes()) return INFINITY;
  if (actual.numel() == 0) return 0;
  const Tensor wanted = expected.detach().to(at::kDouble);
  const double far = (actual.detach().to(at::kDouble) - wanted).abs().max().item<double>();
  const double distance = far / std::max(1.0, wanted.abs().max().item<double>());
  return std::isfinite(distance) ? distance : INFINITY;
}

/// Gives every parameter values from N(0, size^2): zero biases and unit gains would hide mistakes.
inline void randomize(torch::nn::Module& module, std::uint64_t seed, double size = 0.5) {
  at::NoGradGuard no_grad;
  at::Generator generator = at::detail::createCPUGenerator(seed);
  for (Tensor& parameter : module.parameters()) {
    parameter.copy_(at::randn(parameter.sizes(), generator, at::TensorOptions().dtype(at::kDouble)) * size);
  }
}

inline void set_parameter(torch::nn::Module& module, const std::string& name, const Tensor& value) {
  at::NoGradGuard no_grad;
  Tensor parameter = module.named_parameters()[name];
  REQUIRE(parameter.sizes() == value.sizes());
  parameter.copy_(value);
}

/// d(loss)/d(parameter) for every parameter, by name; undefined where the loss does not depend on it.
inline std::vector<std::pair<std::string, Tensor>> gradients(torch::nn::Module& module, const Tensor& loss) {
  module.zero_grad();
  loss.backward();
  std::vector<std::pair<std::string, Tensor>> all;
  for (const auto& item : module.named_parameters()) {
    all.emplace_back(item.key(), item.value().grad().defined() ? item.value().grad().clone() : Tensor());
  }
  return all;
}

/// A scalar to differentiate: the sum of all elements, each with a weight of its own.
inline Tensor weighted_sum(const Tensor& x, std::uint64_t seed = 99) {
  return (x * normal(x.sizes(), seed, x.scalar_type())).sum();
}

}  // namespace ablate::testing

// Checks that two tensors have one shape and differ by no more than `tolerance`; see distance().
#define CHECK_CLOSE(actual, expected, tolerance_)                           \
  do {                                                                      \
    const ::ablate::Tensor actual_ = (actual);                              \
    const ::ablate::Tensor expected_ = (expected);                          \
    INFO(#actual " against " #expected);                                    \
    if (actual_.defined() && expected_.defined()) {                         \
      INFO("shapes " << actual_.sizes() << " and " << expected_.sizes());   \
      CHECK(::ablate::testing::distance(actual_, expected_) <= tolerance_); \
    } else {                                                                \
      CHECK(actual_.defined() == expected_.defined());                      \
    }                                                                       \
  } while (false)
