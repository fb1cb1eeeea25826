#include "transformer/layers/dropout.h"

#include "tests/tensors.h"

using namespace ablate;
using namespace ablate::testing;

TEST_CASE("outside of training, and at rate 0, dropout is the identity", "[layers][dropout]") {
  const Tensor x = normal({3, 4}, 1, at::kFloat);
  CHECK(apply_dropout(x, 0.5, /*training=*/false).is_same(x));
  CHECK(apply_dropout(x, 0, /*training=*/true).is_same(x));
}

TEST_CASE("dropout zeroes a share of the elements and scales the rest", "[layers][dropout]") {
  at::manual_seed(1);
  const double rate = 0.25;
  const Tensor y = apply_dropout(at::ones({200, 500}), rate, /*training=*/true);
  const Tensor dropped = y == 0;
  CHECK(y.masked_select(~dropped).allclose(at::full({1}, 1 / (1 - rate))));
  CHECK(dropped.to(at::kDouble).mean().item<double>() == Approx(rate).margin(0.007));  // 5 standard deviations
  CHECK(y.mean().item<double>() == Approx(1).margin(0.01));
}

TEST_CASE("dropout draws anew at each call, and the same again after the same seed", "[layers][dropout]") {
  const Tensor x = at::ones({64, 64});
  at::manual_seed(5);
  const Tensor first = apply_dropout(x, 0.5, true);
  const Tensor second = apply_dropout(x, 0.5, true);
  at::manual_seed(5);
  CHECK(apply_dropout(x, 0.5, true).equal(first));
  CHECK(apply_dropout(x, 0.5, true).equal(second));
  CHECK_FALSE(first.equal(second));
}

TEST_CASE("the gradient passes where the value passed", "[layers][dropout]") {
  at::manual_seed(5);
  const Tensor x = at::ones({8, 8}, at::kDouble).requires_grad_();
  const Tensor y = apply_dropout(x, 0.5, true);
  y.sum().backward();
  CHECK(x.grad().equal(y.detach()));
}
