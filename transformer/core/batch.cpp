#include "transformer/core/batch.h"

namespace ablate {

Batch Batch::to(at::Device device) const {
  if (source.device() == device) return *this;
  Batch moved = *this;
  moved.source = source.to(device, /*non_blocking=*/true);
  moved.target_input = target_input.to(device, /*non_blocking=*/true);
  moved.target_output = target_output.to(device, /*non_blocking=*/true);
  return moved;
}

}  // namespace ablate
