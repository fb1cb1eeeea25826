#pragma once
// Attention on the CPU without its (T, S) matrix of weights in memory: a few queries at a time, whose scores stay in
// cache, are compared with all keys; the backward pass computes the weights again from their normalisers (as Dao et al.
// 2022, section 3.1, do on accelerators). Heads are read and written where the projections left them: nothing is
// transposed in memory.
#include "transformer/core/torch.h"

namespace ablate {

/// Shapes: B batch, H heads of queries, G heads of keys and values (G divides H), T queries, S keys, K and V widths.
struct FusedAttentionOptions {
  Tensor keys{};           ///< (B, 1, 1, S) bool, true = may be looked at; undefined: all may
  Tensor bias{};           ///< (1 or H, T, S) float, added to the scores, without gradient; or undefined
  Tensor prefix{};         ///< (B) int64, with `causal`: so many first keys may be looked at by all; or undefined
  bool causal = false;     ///< query t may look at the keys 0 … first + t, and at those of the prefix, only
  std::int64_t first = 0;  ///< position of the first query among the keys
  double scale = 1;        ///< positive
  double dropout = 0;      ///< of the weights, in [0, 1]; takes one key from the CPU's default generator
};

/// softmax(scale * q k^T + bias) v over the allowed keys, zero for a query that may look at none.
/// q (B, H, T, K), k (B, G, S, K), v (B, G, S, V), with any strides -> (B, H, T, V), laid out as (B, T, H, V).
/// Differentiable once with respect to q, k and v.
Tensor fused_attention(const Tensor& q, const Tensor& k, const Tensor& v, const FusedAttentionOptions& options);

/// Whether there is a kernel for these: float on the CPU, a bias without gradient.
bool has_fused_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& bias);

}  // namespace ablate
