#include "transformer/core/shape.h"

#include "tests/catch.h"

using ablate::any;
using ablate::check_shape;
using ablate::Tensor;

TEST_CASE("check_shape accepts the shape that was asked for", "[core][shape]") {
  const Tensor x = at::zeros({2, 3, 4});
  CHECK_NOTHROW(check_shape(x, {2, 3, 4}, "x"));
  CHECK_NOTHROW(check_shape(x, {2, any, 4}, "x"));
  CHECK_NOTHROW(check_shape(x, {any, any, any}, "x"));
  CHECK_NOTHROW(check_shape(at::zeros({}), {}, "x"));
  CHECK_NOTHROW(check_shape(at::zeros({0, 3}), {any, 3}, "x"));
}

TEST_CASE("check_shape names the tensor, the shape asked for and the shape found", "[core][shape]") {
  const Tensor x = at::zeros({2, 3, 4});
  CHECK_THROWS_AS(check_shape(x, {2, 3}, "memory"), std::invalid_argument);
  CHECK_THROWS_MENTION(check_shape(x, {2, any, 5}, "memory"),
                       "memory: expected a tensor of shape (2, *, 5), got (2, 3, 4)");
  CHECK_THROWS_MENTION(check_shape(x, {2, 3}, "memory"), "(2, 3), got (2, 3, 4)");
  CHECK_THROWS_MENTION(check_shape(at::zeros({}), {any}, "memory"), "(*), got ()");
  CHECK_THROWS_MENTION(check_shape(Tensor(), {any}, "memory"), "got none");
}
