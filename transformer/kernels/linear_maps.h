#pragma once
// The products of several linear maps of one input, y_m = x W_m^T + b_m, and of their gradients, in blocks of rows:
// what a kernel does before or behind them it does while the rows are in cache.
#include "transformer/core/torch.h"

#include <functional>

namespace ablate {

/// Of the rows begin … begin + rows - 1, in block `block` of `RowBlocks`. Empty: nothing to do.
struct RowsInCache {
  std::int64_t block, begin, rows;
};
using OnRows = std::function<void(const RowsInCache&)>;

/// x (rows, in) by every weight (out, in), + bias (out) or undefined, all contiguous. `allocated` is told of the
/// outputs; what it returns is called where the rows of all of them are there.
std::vector<Tensor> multiply_forward(const Tensor& x, const std::vector<Tensor>& weights,
                                     const std::vector<Tensor>& biases,
                                     const std::function<OnRows(const std::vector<Tensor>&)>& allocated);

/// What the backward pass of a map has, and what it is to find.
struct MapGradient {
  Tensor upstream, weight;
  bool with_bias;
  Tensor bias_gradient{};  ///< to be found
};

/// The gradient of the input, the sum of dy_m W_m, where it is wanted; and those of the biases, sums of dy_m's rows.
/// `first` is called before the rows of the upstream gradients are read, and may write them.
Tensor multiply_backward(std::vector<MapGradient>& maps, bool with_input, const OnRows& first);

}  // namespace ablate
