#pragma once
// The modules of a network as a tree of text: shapes, numbers of parameters, totals. Works on the meta device.
#include "transformer/core/torch.h"

namespace ablate::lab {

/// One line per module (its total) and per parameter (its shape and size), children indented under their parent:
///
///     model                             17
///       layers                          15
///         0 … 2  each                    5    3 times
///           weight          (2, 2)       4
///           bias            (1)          1
///       output                           2
///         weight            (2, 1)       2    is layers.0.weight, counted there
///
/// Neighbours that are alike in everything but their name stand there once. A parameter that is used in several places
/// counts where it stands first, and says so in the others; totals are sums of what counts.
std::string module_tree(const torch::nn::Module& module, const std::string& name);

/// 1234567 -> "1,234,567"
std::string with_commas(std::int64_t number);

}  // namespace ablate::lab
