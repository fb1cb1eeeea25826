#pragma once
// A residual connection and the norm behind it in one pass forward and one backward: y = norm(x + dropout(f)). What
// LibTorch does in three passes forward and five backward is bound by memory.
#include "transformer/core/torch.h"

namespace ablate {

enum class RowNorm {
  layer,  ///< (z - mean) / sqrt(var + eps) * gain + bias
  rms,    ///< z / sqrt(mean(z^2) + eps) * gain
};

struct ResidualNormOptions {
  RowNorm kind = RowNorm::layer;
  Tensor gain{};  ///< (D)
  Tensor bias{};  ///< (D) or undefined
  double eps = 1e-5;
  double dropout = 0;  ///< in [0, 1]; takes one key from the CPU's default generator, as counter_dropout(f) would
};

/// x and f (…, D) -> (…, D). Float on the CPU; differentiable once with respect to x, f, gain and bias.
Tensor residual_norm(const Tensor& x, const Tensor& f, const ResidualNormOptions& options);

/// Whether there is a kernel for these.
bool has_residual_norm(const Tensor& x, const Tensor& f, const Tensor& gain);

/// x + dropout(f) in one pass each way; the same key and the same conditions.
Tensor residual_sum(const Tensor& x, const Tensor& f, double dropout);

}  // namespace ablate
