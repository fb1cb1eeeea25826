#pragma once
// What a forward pass costs, measured instead of derived: the model runs on the meta device, where tensors
// have shapes but no memory, and every operation that it calls is looked at. A new variant needs no formula
// of its own.
#include "transformer/model/transformer.h"

namespace ablate {

struct Cost {
  /// 2 m n k for every product of an (m, k) and a (k, n) matrix; nothing else counts.
  double flops = 0;
  /// An estimate of what training keeps for the backward pass: the memory of everything that differentiable
  /// operations put out, views counted once and parameters not at all. Some of it is in truth freed early,
  /// and what an operation keeps besides its output is not seen.
  double activation_bytes = 0;
};

/// The cost of the operations that `work` calls on this thread. Attention in one kernel counts as one
/// operation; where it cannot be (dropout on the weights, d_k other than d_v), the matrix of scores counts as
/// well. Calls do not nest (std::logic_error).
Cost measure_cost(const std::function<void()>& work);

/// Tokens of every sentence, <s> or </s> included; without an encoder there is no source.
struct SequenceLengths {
  std::int64_t source = 32;
  std::int64_t target = 32;
  std::optional<std::int64_t> said{};  ///< tokens of the target that are predicted, where not all are
};

/// The parts of a forward pass over a whole batch, teacher forcing.
struct ForwardCost {
  Cost encoder;
  Cost decoder;
  Cost output;  ///< scores of all words; the fused loss (float32 on the CPU) does not keep them
  double flops() const { return encoder.flops + decoder.flops + output.flops; }
};

/// `model` must be on the meta device (std::invalid_argument otherwise); `sentences` of those lengths are the
/// batch. FLOPs are those of the plain attention formula: a causal mask saves nothing. Bytes are those of
/// training.
ForwardCost forward_cost(Transformer& model, std::int64_t sentences, SequenceLengths lengths = {});

/// FLOPs of one update's learning from a batch: every product of matrices of the plain formulas, forward and backward,
/// the scores of attention and of all words included; looking up an embedding costs none. They are counted, not derived
/// from the forward pass, so that a variant whose backward pass computes something again pays for it, and they do not
/// change with the kernels that train.
struct TrainingFlops {
  double forward = 0;
  double backward = 0;
  double all() const { return forward + backward; }
};

/// `model` as in forward_cost().
TrainingFlops training_flops(Transformer& model, std::int64_t sentences, SequenceLengths lengths = {});

}  // namespace ablate
