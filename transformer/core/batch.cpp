#include "transformer/core/batch.h"

namespace ablate {

Batch Batch::to(at::Device device) const {
  Batch moved = *this;
  for (Tensor* tensor :
       {&moved.source, &moved.source_types, &moved.target_input, &moved.target_output, &moved.values, &moved.prefix}) {
    if (tensor->defined()) *tensor = tensor->to(device, /*non_blocking=*/true);
  }
  return moved;
}

}  // namespace ablate
