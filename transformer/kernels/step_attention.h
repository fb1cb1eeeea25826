#pragma once
// Attention of one decoding step: every row has one query, and its keys lie where earlier steps, of whatever row was
// its ancestor, left them. Nothing is moved when hypotheses change places: a row's history says where its keys are.
#include "transformer/core/torch.h"

#include <vector>

namespace ablate {

/// Which row of every earlier step wrote the positions that a row looks back on, and which sentence it belongs to.
class RowHistory {
 public:
  /// One row for each sentence, nothing read yet.
  explicit RowHistory(std::int64_t sentences);

  /// Row i becomes a copy of the former row parents[i].
  void select(const std::vector<std::int64_t>& parents);
  /// A step begins: each row writes its own newest position.
  void advance();

  std::int64_t rows() const { return static_cast<std::int64_t>(sentences_.size()); }
  std::int64_t steps() const { return steps_; }
  /// (rows, steps), `step_stride` apart.
  const std::int32_t* writers(std::int64_t row) const { return writers_.data() + row * capacity_; }
  const std::vector<std::int32_t>& sentences() const { return sentences_; }

 private:
  std::int64_t steps_ = 0, capacity_ = 32;
  std::vector<std::int32_t> writers_, sentences_;
};

/// Keys and values of one attention, as their projections give them.
struct StepMemory {
  std::vector<Tensor> keys, values;   ///< self-attention: one (rows then, G * K) and (rows then, G * V) for each step
  Tensor source_keys, source_values;  ///< attention to the source: (B, S, G * K) and (B, S, G * V)
};

struct StepAttentionOptions {
  std::int64_t heads, groups;  ///< of queries; of keys and values
  double scale;
  Tensor bias{};     ///< (1 or H, keys) float, added to the scores; or undefined
  Tensor visible{};  ///< (B, 1, 1, S) bool: which source positions may be looked at; or undefined
};

/// q (rows, H * K) float, contiguous -> (rows, H * V). Over all steps of the memory, or over the source where it has
/// one. Zero for a row that may look at nothing.
Tensor step_attention(const Tensor& q, const StepMemory& memory, const RowHistory& history,
                      const StepAttentionOptions& options);

}  // namespace ablate
