#pragma once
// The output layer and its label-smoothed cross-entropy in one: the (tokens, vocabulary) matrix of logits never exists
// as a whole, only at most 240 rows at a time, in blocks that stay in cache while they are worked on. Beside them the
// kernel holds the weight in two other orders, and its gradient. Which tokens count, and what the sum is divided by, is
// the caller's business.
#include "transformer/core/torch.h"

namespace ablate {

struct CrossEntropySums {
  Tensor loss;     ///< scalar: sum over the tokens of the label-smoothed loss; differentiable once
  Tensor nll;      ///< scalar: sum over the tokens of -log p(target), in nats; no gradient
  Tensor correct;  ///< scalar int64: tokens whose target is the first of the most probable words; no gradient
};

/// With logits z = h W^T + b and p = softmax(z), for each token (Szegedy et al. 2016, section 7)
///   loss = (1 - eps') (-log p_target) + eps' / V * sum_v (-log p_v).
/// eps' = eps spreads the mass eps over all V words; eps' = eps V / (V - 1) spreads it over the V - 1 others.
/// hidden (N, D), weight (V, D), bias (V) or undefined, target (N) int64 in 0 … V - 1; N may be 0.
///
/// float32 on the CPU takes the fused kernel, which computes the gradients along with the loss whenever one is
/// asked for; hidden states in bfloat16 are cast to it, so that mixed precision stores no logits either, and its
/// loss is that of 32 bits. Everything else takes the plain path. Throws std::invalid_argument for
/// other shapes and, in the fused kernel, targets out of range; std::logic_error at a second derivative of
/// the fused kernel.
CrossEntropySums linear_cross_entropy(const Tensor& hidden, const Tensor& weight, const Tensor& bias,
                                      const Tensor& target, double eps_prime);

/// The same as the formula is written: all logits, then their log-softmax in at least float32. The kernel's
/// oracle.
CrossEntropySums plain_linear_cross_entropy(const Tensor& hidden, const Tensor& weight, const Tensor& bias,
                                            const Tensor& target, double eps_prime);

}  // namespace ablate
