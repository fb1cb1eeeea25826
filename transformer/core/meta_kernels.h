#pragma once
// Shape functions of the few operations that LibTorch gives a shape function in Python alone: without them a model can
// be built on the meta device from C++, but not run.

namespace ablate {

/// From the first call on, models run on the meta device. May be called any number of times.
void use_meta_kernels();

}  // namespace ablate
