#include "transformer/layers/dropout.h"

#include "transformer/kernels/dropout.h"

namespace ablate {

Tensor apply_dropout(const Tensor& x, double rate, bool training) {
  return training && rate > 0 ? counter_dropout(x, rate) : x;
}

}  // namespace ablate
