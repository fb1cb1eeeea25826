// One step of decoding against the plain formula on keys that are gathered row by row.
#include "transformer/kernels/step_attention.h"

#include "tests/tensors.h"
#include "transformer/layers/attention.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

/// (rows, G * W) of several steps -> (rows, G, steps, W), by the history.
Tensor gather(const std::vector<Tensor>& steps, const RowHistory& history, std::int64_t groups) {
  std::vector<Tensor> rows;
  for (std::int64_t row = 0; row < history.rows(); ++row) {
    std::vector<Tensor> keys;
    for (std::size_t step = 0; step < steps.size(); ++step) keys.push_back(steps[step][history.writers(row)[step]]);
    rows.push_back(at::stack(keys).view({static_cast<std::int64_t>(steps.size()), groups, -1}).transpose(0, 1));
  }
  return at::stack(rows);
}

/// q (rows, H * K), keys and values (rows, G, S, W) -> (rows, H * V)
Tensor plain_step(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& visible,
                  const StepAttentionOptions& o) {
  const std::int64_t repeat = o.heads / o.groups, rows = q.size(0);
  const Tensor bias = o.bias.defined() ? o.bias.unsqueeze(1) : Tensor();
  const Tensor y = plain_attention(q.view({rows, o.heads, 1, -1}), k.repeat_interleave(repeat, 1),
                                   v.repeat_interleave(repeat, 1), visible, bias, o.scale, 0, false)
                       .output;
  return y.reshape({rows, -1});
}

}  // namespace

TEST_CASE("a row's history follows its ancestors", "[kernels][step_attention]") {
  RowHistory history(2);
  history.advance();
  history.select({0, 0, 1});
  history.advance();
  history.select({2, 0});
  history.advance();
  CHECK(history.rows() == 2);
  CHECK(history.steps() == 3);
  CHECK(std::vector<std::int32_t>(history.writers(0), history.writers(0) + 3) == std::vector<std::int32_t>{1, 2, 0});
  CHECK(std::vector<std::int32_t>(history.writers(1), history.writers(1) + 3) == std::vector<std::int32_t>{0, 0, 1});
  CHECK(history.sentences() == std::vector<std::int32_t>{1, 0});
  for (int step = 3; step < 100; ++step) history.advance();  // longer than what it starts with
  CHECK(history.writers(0)[1] == 2);
  CHECK(history.writers(1)[99] == 1);
}

TEST_CASE("a step of self-attention is the plain formula over the row's own past", "[kernels][step_attention]") {
  for (const std::int64_t groups : {1, 2, 4}) {
    for (const std::int64_t width : {3, 8, 20}) {
      for (const std::int64_t bias_heads : {0, 1, 4}) {
        INFO(groups << " groups of width " << width << ", bias of " << bias_heads);
        StepAttentionOptions options{.heads = 4, .groups = groups, .scale = 0.7, .bias = {}, .visible = {}};
        RowHistory history(2);
        StepMemory memory;
        const std::vector<std::vector<std::int64_t>> parents{{0, 1, 1}, {2, 0, 1}, {1, 1, 0, 2}, {3}, {0, 0}};
        for (std::size_t step = 0; step < parents.size(); ++step) {
          history.advance();
          const std::int64_t rows = history.rows();
          memory.keys.push_back(normal({rows, groups * width}, 10 + step, at::kFloat));
          memory.values.push_back(normal({rows, groups * (width + 2)}, 20 + step, at::kFloat));
          const Tensor q = normal({rows, 4 * width}, 30 + step, at::kFloat);
          if (bias_heads > 0) options.bias = normal({bias_heads, history.steps()}, 40 + step, at::kFloat);
          const Tensor expected = plain_step(q, gather(memory.keys, history, groups),
                                             gather(memory.values, history, groups), Tensor(), options);
          CHECK_CLOSE(step_attention(q, memory, history, options), expected, tolerance::same_in_float);
          history.select(parents[step]);
        }
      }
    }
  }
}

TEST_CASE("a step of attention to the source is the plain formula over the row's sentence",
          "[kernels][step_attention]") {
  RowHistory history(3);
  history.select({0, 0, 2, 1, 2});
  history.advance();
  StepMemory memory;
  memory.source_keys = normal({3, 11, 2 * 8}, 1, at::kFloat);
  memory.source_values = normal({3, 11, 2 * 5}, 2, at::kFloat);
  const Tensor q = normal({5, 4 * 8}, 3, at::kFloat), index = at::tensor({0, 0, 2, 1, 2}, at::kLong);
  Tensor visible = at::ones({3, 1, 1, 11}, at::kBool);
  visible[1].slice(-1, 4).fill_(false);
  visible[2].fill_(false);  // nothing to look at
  for (const bool masked : {false, true}) {
    const StepAttentionOptions options{
        .heads = 4, .groups = 2, .scale = 0.5, .bias = {}, .visible = masked ? visible : Tensor()};
    const auto heads_of = [&](const Tensor& x) {
      return x.view({3, 11, 2, -1}).transpose(1, 2).index_select(0, index);
    };
    const Tensor expected = plain_step(q, heads_of(memory.source_keys), heads_of(memory.source_values),
                                       masked ? visible.index_select(0, index) : Tensor(), options);
    CHECK_CLOSE(step_attention(q, memory, history, options), expected, tolerance::same_in_float);
  }
}
