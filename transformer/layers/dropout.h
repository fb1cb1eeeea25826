#pragma once
// Dropout: one function for every place that drops but the fused attention kernel, which drops its weights itself. Both
// draw from the same generator, so that there is one stream of random numbers to save.
#include "transformer/core/torch.h"

namespace ablate {

/// Zeroes each element with probability `rate` and divides the rest by 1 - rate (Srivastava et al. 2014, inverted
/// form); the identity outside training or at rate 0. Draws from the default generator of x's device.
Tensor apply_dropout(const Tensor& x, double rate, bool training);

}  // namespace ablate
