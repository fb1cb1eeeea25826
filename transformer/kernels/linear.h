#pragma once
// Linear maps of many tokens: y = x W^T + b (torch.nn.Linear's convention). Several maps of one input, as attention has
// for its queries, keys and values, are one step whose backward pass sums the gradients of the input as it goes.
#include "transformer/core/torch.h"

namespace ablate {

struct LinearMap {
  Tensor weight;  ///< (out, in)
  Tensor bias;    ///< (out) or undefined
};

/// x (…, in) -> for every map (…, out). Differentiable once. Without gradients it is at::linear, or packed_linear while
/// KeepPackedWeights lives; under autocast at::linear, or what bf16.h says.
std::vector<Tensor> linear(const Tensor& x, const std::vector<LinearMap>& maps);
Tensor linear(const Tensor& x, const LinearMap& map);

/// at::linear, map by map: the oracle.
std::vector<Tensor> plain_linear(const Tensor& x, const std::vector<LinearMap>& maps);

}  // namespace ablate
