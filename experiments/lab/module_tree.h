#pragma once
// The modules of a network as a tree of text: shapes, numbers of parameters, totals. Works on the meta
// device.
#include "transformer/core/torch.h"

namespace ablate::lab {

/// One line per module (its total) and per parameter (its shape and size), children indented under their
/// parent:
///
///     network               12
///       layers              12
///         0                 12
///           weight  (4, 2)   8
///           bias    (4)      4
///         1 … 2              0  each, 2 times
///           weight  (4, 2)   -  is layers.0.weight, counted there
///           bias    (4)      -  is layers.0.bias, counted there
///
/// Neighbours in a list that are alike stand there once. A parameter that is used in several places counts
/// where it stands first, and the others say so; totals are sums of what counts. A layer that stands for all of
/// its stack says for how many. Modules without parameters are left out.
std::string module_tree(const torch::nn::Module& module, const std::string& name);

/// 1234567 -> "1,234,567"
std::string with_commas(std::int64_t number);

}  // namespace ablate::lab
