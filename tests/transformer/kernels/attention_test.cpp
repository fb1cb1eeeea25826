// The fused attention kernel against the plain formula in double, with the dropout mask of its own definition.
#include "transformer/kernels/attention.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/tensors.h"
#include "tests/threads.h"
#include "transformer/kernels/dropout.h"
#include "transformer/layers/attention.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

struct AttentionProblem {
  std::int64_t batch, heads, groups, queries, keys, key_width, value_width;
  bool padding = false, causal = false, bias = false;
  double dropout = 0;
  bool prefix = false;  ///< causal: the first keys are seen by all, another number of them in every sentence

  std::string text() const {
    std::ostringstream out;
    out << "B " << batch << ", H " << heads << ", G " << groups << ", T " << queries << ", S " << keys << ", K "
        << key_width << ", V " << value_width << (padding ? ", padding" : "") << (causal ? ", causal" : "")
        << (bias ? ", bias" : "") << ", dropout " << dropout << (prefix ? ", prefix" : "");
    return out.str();
  }
};

struct AttentionInputs {
  Tensor q, k, v, upstream, visible, bias, prefix;
};

/// Heads that lie beside each other, as a projection leaves them.
Tensor heads(std::int64_t batch, std::int64_t count, std::int64_t length, std::int64_t width, std::uint64_t seed) {
  return normal({batch, length, count, width}, seed, at::kFloat).transpose(1, 2).requires_grad_(true);
}

AttentionInputs attention_inputs(const AttentionProblem& p) {
  AttentionInputs in{.q = heads(p.batch, p.heads, p.queries, p.key_width, 1),
                     .k = heads(p.batch, p.groups, p.keys, p.key_width, 2),
                     .v = heads(p.batch, p.groups, p.keys, p.value_width, 3),
                     .upstream = normal({p.batch, p.heads, p.queries, p.value_width}, 4, at::kFloat),
                     .visible = {},
                     .bias = {},
                     .prefix = {}};
  if (p.padding) {
    in.visible = at::ones({p.batch, 1, 1, p.keys}, at::kBool);
    for (std::int64_t b = 0; b < p.batch; ++b)
      in.visible[b].slice(-1, std::max<std::int64_t>(0, p.keys - b)).fill_(false);
    in.visible[p.batch - 1].fill_(false);  // a sentence in which nothing may be looked at
  }
  if (p.bias) in.bias = normal({p.heads, p.queries, p.keys}, 5, at::kFloat);
  // The last one goes beyond all keys.
  if (p.prefix) in.prefix = at::arange(1, p.batch + 1, at::kLong).mul(p.keys + 2).floor_divide(p.batch);
  return in;
}

std::uint64_t coming_key() {
  const at::Generator copy = at::detail::getDefaultCPUGenerator().clone();
  return copy.get<at::CPUGeneratorImpl>()->random64();
}

/// dropout_bits() by its definition: the bits of a query begin with a new tile.
Tensor dropout_mask(const AttentionProblem& p, std::uint64_t key) {
  const DropoutThreshold threshold(p.dropout);
  const std::int64_t row = (p.keys + dropout_tile - 1) / dropout_tile * dropout_tile;
  Tensor mask = at::zeros({p.batch * p.heads * p.queries, p.keys}, at::kDouble);
  for (std::int64_t i = 0; i < mask.size(0); ++i) {
    for (std::int64_t j = 0; j < p.keys; ++j) {
      if (dropout_bits(key, static_cast<std::uint64_t>(i * row + j)) >= threshold.drop) mask[i][j] = threshold.scale();
    }
  }
  return mask.view({p.batch, p.heads, p.queries, p.keys});
}

Tensor allowed_of(const AttentionProblem& p, const AttentionInputs& in, std::int64_t first) {
  Tensor allowed = at::ones({p.batch, 1, p.queries, p.keys}, at::kBool);
  if (in.visible.defined()) allowed = allowed.logical_and(in.visible);
  if (!p.causal) return allowed;
  if (!in.prefix.defined()) return allowed.tril(first);
  const Tensor seen = at::arange(p.keys, at::kLong).lt(in.prefix.view({-1, 1, 1, 1}));
  const Tensor before = at::ones({p.queries, p.keys}, at::kBool).tril(first);
  return allowed.logical_and(before.logical_or(seen));
}

void check_attention(const AttentionProblem& p, std::int64_t first = 0) {
  INFO(p.text());
  const AttentionInputs in = attention_inputs(p);
  constexpr double scale = 0.4;
  at::manual_seed(7);
  const std::uint64_t key = coming_key();
  const Tensor actual = fused_attention(in.q, in.k, in.v,
                                        {.keys = in.visible,
                                         .bias = in.bias,
                                         .prefix = in.prefix,
                                         .causal = p.causal,
                                         .first = first,
                                         .scale = scale,
                                         .dropout = p.dropout});
  const auto gradients = torch::autograd::grad({actual}, {in.q, in.k, in.v}, {in.upstream});

  const auto exact = [](const Tensor& x) { return x.detach().to(at::kDouble).requires_grad_(true); };
  const Tensor q = exact(in.q), k = exact(in.k), v = exact(in.v);
  const std::int64_t repeat = p.heads / p.groups;
  const Tensor weights =
      plain_attention(q, k.repeat_interleave(repeat, 1), v.repeat_interleave(repeat, 1), allowed_of(p, in, first),
                      in.bias.defined() ? in.bias.to(at::kDouble) : Tensor(), scale, 0, false)
          .weights;
  const Tensor dropped = p.dropout > 0 ? weights * dropout_mask(p, key) : weights;
  const Tensor expected = at::matmul(dropped, v.repeat_interleave(repeat, 1));
  const auto expected_gradients = torch::autograd::grad({expected}, {q, k, v}, {in.upstream.to(at::kDouble)});
  CHECK_CLOSE(actual, expected, tolerance::same_in_float);
  for (std::size_t i = 0; i < 3; ++i) {
    INFO("gradient " << i);
    CHECK_CLOSE(gradients[i], expected_gradients[i], tolerance::gradient_in_float);
  }
}

}  // namespace

TEST_CASE("fused attention is the plain formula in values and gradients", "[kernels][attention]") {
  for (const bool causal : {false, true}) {
    for (const bool padding : {false, true}) {
      for (const bool bias : {false, true}) {
        for (const double dropout : {0.0, 0.3}) {
          check_attention({2, 4, 4, 5, 5, 8, 8, padding, causal, bias, dropout});
          check_attention({3, 4, 2, 7, 7, 5, 3, padding, causal, bias, dropout});
          check_attention({2, 2, 1, 50, 50, 16, 32, padding, causal, bias, dropout});  // more than one block of queries
        }
      }
    }
  }
  check_attention({1, 2, 2, 3, 130, 16, 16, true, false, true, 0.2});  // more than one tile of dropout's bits
  check_attention({2, 3, 3, 9, 4, 1, 2, false, true});                 // queries beyond the last key
}

TEST_CASE("fused attention of queries that follow earlier keys", "[kernels][attention]") {
  check_attention({2, 2, 2, 3, 8, 4, 4, false, true}, 5);
  check_attention({2, 2, 1, 40, 70, 16, 16, true, true}, 30);
}

TEST_CASE("fused attention of rows that begin with a prefix that all of their queries see", "[kernels][attention]") {
  for (const bool padding : {false, true}) {
    for (const double dropout : {0.0, 0.3}) {
      check_attention({3, 4, 2, 7, 7, 5, 3, padding, true, true, dropout, true});
      check_attention({4, 2, 1, 50, 50, 16, 32, padding, true, false, dropout, true});  // blocks of queries within it
    }
  }
  check_attention({2, 2, 2, 3, 8, 4, 4, false, true, false, 0, true}, 2);
  const Tensor x = at::ones({2, 1, 3, 4}), prefix = at::ones({2}, at::kLong);
  CHECK_THROWS_MENTION(fused_attention(x, x, x, {.prefix = prefix}), "a prefix is of a causal mask");
  CHECK_THROWS_MENTION(fused_attention(x, x, x, {.prefix = at::ones({3}, at::kLong), .causal = true}), "prefix");
}

TEST_CASE("fused attention of long sequences, whose blocks are smaller", "[kernels][attention]") {
  check_attention({1, 1, 1, 20, 5000, 8, 8, false, false});
}

TEST_CASE("fused attention takes transposed and sliced inputs", "[kernels][attention]") {
  const Tensor packed = normal({2, 6, 3, 2, 8}, 1, at::kFloat).requires_grad_(true);  // (B, T, q k v, H, K)
  const auto part = [&](std::int64_t i) { return packed.select(2, i).transpose(1, 2); };
  const Tensor sliced = fused_attention(part(0), part(1), part(2), {.causal = true});
  const Tensor dense =
      fused_attention(part(0).contiguous(), part(1).contiguous(), part(2).contiguous(), {.causal = true});
  CHECK(sliced.equal(dense));
  const Tensor turned = normal({2, 2, 8, 6}, 2, at::kFloat).transpose(2, 3);  // rows are not dense
  CHECK(fused_attention(turned, turned, turned, {})
            .equal(fused_attention(turned.contiguous(), turned.contiguous(), turned.contiguous(), {})));
}

TEST_CASE("fused attention does not depend on the number of threads", "[kernels][attention]") {
  const RestoreThreads restore_afterwards;
  const AttentionInputs in = attention_inputs({3, 4, 2, 33, 33, 8, 8});
  const auto run = [&](int threads) {
    at::set_num_threads(threads);
    at::manual_seed(3);
    const Tensor y = fused_attention(in.q, in.k, in.v, {.causal = true, .dropout = 0.2});
    std::vector<Tensor> all = torch::autograd::grad({y}, {in.q, in.k, in.v}, {in.upstream});
    all.push_back(y.detach());
    return all;
  };
  const auto one = run(1), two = run(2);
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(one[i].equal(two[i]));
}

TEST_CASE("fused attention refuses what it cannot mean", "[kernels][attention]") {
  const Tensor q = at::zeros({1, 3, 2, 4}), k = at::zeros({1, 2, 2, 4});
  CHECK_THROWS_MENTION(fused_attention(q, k, k, {}), "2 heads of keys do not divide 3 heads of queries");
  CHECK_THROWS_MENTION(fused_attention(q, q, q, {.scale = 0}), "the scale must be positive");
  CHECK_THROWS_MENTION(fused_attention(q, q, q, {.dropout = 2}), "the rate must lie in [0, 1]");
  CHECK_FALSE(has_fused_attention(q.to(at::kDouble), q, q, Tensor()));
  CHECK_FALSE(has_fused_attention(q, q, q, at::zeros({3, 2, 2}).requires_grad_(true)));
}

TEST_CASE("fused attention over no keys is zero", "[kernels][attention]") {
  const Tensor q = at::ones({1, 1, 2, 4}).requires_grad_(true), none = at::ones({1, 1, 0, 4});
  const Tensor y = fused_attention(q, none, none, {});
  CHECK(y.equal(at::zeros({1, 1, 2, 4})));
  y.sum().backward();
  CHECK(q.grad().equal(at::zeros({1, 1, 2, 4})));
}
