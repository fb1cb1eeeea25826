#include "transformer/core/batch.h"

namespace ablate {

Batch Batch::to(at::Device device) const {
  if (target_input.device() == device) return *this;
  Batch moved = *this;
  if (source.defined()) moved.source = source.to(device, /*non_blocking=*/true);
  moved.target_input = target_input.to(device, /*non_blocking=*/true);
  moved.target_output = target_output.to(device, /*non_blocking=*/true);
  return moved;
}

}  // namespace ablate
