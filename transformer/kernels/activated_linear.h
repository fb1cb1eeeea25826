#pragma once
// The first half of a feed-forward unit in one pass each way: y = dropout(act(x W^T + b)), or with a gate
// y = dropout(act(x W^T + b) * (x V^T + c)) (Vaswani et al. 2017, eq. (2); Shazeer 2020, eq. (5)). Activation, product
// and dropout are computed while the rows of the linear maps are in cache.
#include "transformer/kernels/linear.h"
#include "transformer/kernels/row_activation.h"

namespace ablate {

struct ActivatedLinearOptions {
  LinearMap map;      ///< what the activation acts on: the gate, if there is an inner map
  LinearMap inner{};  ///< what the gate is multiplied by; its weight is undefined where there is no gate
  RowActivation activation;
  double dropout = 0;  ///< in [0, 1]; takes one key from the CPU's default generator, as counter_dropout(y) would
};

/// x (…, in) -> (…, out). Float on the CPU; differentiable once.
Tensor activated_linear(const Tensor& x, const ActivatedLinearOptions& options);

/// Whether there is a kernel: not for a few rows, not while decoding keeps packed weights, and not for bf16.
bool has_activated_linear(const Tensor& x, RowActivation activation);

}  // namespace ablate
