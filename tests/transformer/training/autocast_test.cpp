#include "transformer/training/autocast.h"

#include <ATen/autocast_mode.h>

#include <stdexcept>

#include "tests/tensors.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

at::ScalarType product_dtype() { return at::mm(at::ones({2, 2}), at::ones({2, 2})).scalar_type(); }

}  // namespace

TEST_CASE("matrix products are in bfloat16 inside of the scope alone", "[training][autocast]") {
  CHECK(product_dtype() == at::kFloat);
  {
    const Autocast autocast(Precision::bf16, at::kCPU);
    CHECK(product_dtype() == at::kBFloat16);
    CHECK(at::autocast::is_autocast_enabled(at::kCPU));
  }
  CHECK(product_dtype() == at::kFloat);
  CHECK_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
}

TEST_CASE("fp32 changes nothing", "[training][autocast]") {
  const Autocast autocast(Precision::fp32, at::kCPU);
  CHECK(product_dtype() == at::kFloat);
}

TEST_CASE("autocast ends with an exception, too", "[training][autocast]") {
  const auto fail = [] {
    const Autocast autocast(Precision::bf16, at::kCPU);
    throw std::runtime_error("in the middle");
  };
  CHECK_THROWS_AS(fail(), std::runtime_error);
  CHECK(product_dtype() == at::kFloat);
}

TEST_CASE("weights that change between two scopes are cast anew", "[training][autocast]") {
  const Tensor weight = at::ones({2, 2}).requires_grad_();
  const auto product = [&] {
    const Autocast autocast(Precision::bf16, at::kCPU);
    return at::mm(at::ones({2, 2}), weight).to(at::kFloat).sum().item<double>();
  };
  CHECK(product() == 8);
  {
    at::NoGradGuard no_grad;
    Tensor changed = weight;
    changed.mul_(3);
  }
  CHECK(product() == 24);
}
