#include "transformer/layers/mask.h"

#include "tests/tensors.h"

using namespace ablate;
using ablate::testing::tokens;

namespace {

constexpr std::int64_t pad = 3;

Tensor booleans(const std::vector<std::vector<std::int64_t>>& rows) { return tokens(rows).to(at::kBool); }

}  // namespace

TEST_CASE("padding is hidden as a key", "[layers][mask]") {
  const AttentionMask mask = padding_mask(tokens({{5, 6, pad}, {7, pad, pad}}), pad);
  CHECK_FALSE(mask.causal);
  REQUIRE(mask.keys.defined());
  CHECK(mask.keys.sizes() == at::IntArrayRef({2, 1, 1, 3}));
  CHECK(mask.keys.view({2, 3}).equal(booleans({{1, 1, 0}, {1, 0, 0}})));
}

TEST_CASE("what is real may be said outright, wherever padding stands", "[layers][mask]") {
  const Tensor real = booleans({{0, 1, 1}, {1, 0, 0}});
  CHECK(key_mask(real).keys.view({2, 3}).equal(real));
  CHECK_FALSE(key_mask(booleans({{1, 1}})).keys.defined());
  AttentionMask mask = causal_mask();
  mask.keys = key_mask(real).keys;
  // The first query of row 0 is padding, and sees nothing.
  CHECK(explicit_mask(mask, 0, 3, 3, at::kCPU)[0][0].equal(booleans({{0, 0, 0}, {0, 1, 0}, {0, 1, 1}})));
}

TEST_CASE("a batch without padding needs no mask", "[layers][mask]") {
  CHECK_FALSE(padding_mask(tokens({{5, 6}, {7, 8}}), pad).keys.defined());
  CHECK_FALSE(explicit_mask({}, 0, 2, 3, at::kCPU).defined());
}

TEST_CASE("a causal mask lets a query see itself and what stands before it", "[layers][mask]") {
  const Tensor mask = explicit_mask(causal_mask(), 0, 3, 3, at::kCPU);
  CHECK(mask.equal(booleans({{1, 0, 0}, {1, 1, 0}, {1, 1, 1}})));
}

TEST_CASE("later queries of a causal mask see all earlier keys", "[layers][mask]") {
  CHECK(explicit_mask(causal_mask(), 2, 2, 4, at::kCPU).equal(booleans({{1, 1, 1, 0}, {1, 1, 1, 1}})));
  CHECK_FALSE(explicit_mask(causal_mask(), 3, 1, 4, at::kCPU).defined());  // one query, the last: it sees everything
}

TEST_CASE("causality and padding are both obeyed", "[layers][mask]") {
  AttentionMask mask = padding_mask(tokens({{5, 6, 7}, {5, pad, pad}}), pad);
  mask.causal = true;
  const Tensor both = explicit_mask(mask, 0, 3, 3, at::kCPU);
  CHECK(both.sizes() == at::IntArrayRef({2, 1, 3, 3}));
  CHECK(both[0][0].equal(booleans({{1, 0, 0}, {1, 1, 0}, {1, 1, 1}})));
  CHECK(both[1][0].equal(booleans({{1, 0, 0}, {1, 0, 0}, {1, 0, 0}})));
}

TEST_CASE("a prefix is seen by all queries of its row, what follows it by later ones", "[layers][mask]") {
  AttentionMask mask = causal_mask();
  mask.prefix = at::tensor(std::vector<std::int64_t>{1, 3}, at::kLong);
  const Tensor seen = explicit_mask(mask, 0, 4, 4, at::kCPU);
  CHECK(seen.sizes() == at::IntArrayRef({2, 1, 4, 4}));
  CHECK(seen[0][0].equal(booleans({{1, 0, 0, 0}, {1, 1, 0, 0}, {1, 1, 1, 0}, {1, 1, 1, 1}})));
  CHECK(seen[1][0].equal(booleans({{1, 1, 1, 0}, {1, 1, 1, 0}, {1, 1, 1, 0}, {1, 1, 1, 1}})));
  mask.keys = key_mask(booleans({{1, 1, 1, 1}, {1, 1, 0, 0}})).keys;
  CHECK(explicit_mask(mask, 0, 4, 4, at::kCPU)[1][0].equal(
      booleans({{1, 1, 0, 0}, {1, 1, 0, 0}, {1, 1, 0, 0}, {1, 1, 0, 0}})));
}

TEST_CASE("a mask on the meta device asks for no values", "[layers][mask]") {
  CHECK_NOTHROW(padding_mask(at::empty({2, 3}, at::TensorOptions().dtype(at::kLong).device(at::kMeta)), pad));
}
