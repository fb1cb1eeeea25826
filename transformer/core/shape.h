#pragma once
// Shapes at public boundaries are checked by code, so that the shapes in the comments cannot rot.
#include "transformer/core/torch.h"

#include <initializer_list>

namespace ablate {

/// Any size is accepted in a dimension given as `any`.
inline constexpr std::int64_t any = -1;

/// Throws std::invalid_argument "name: expected (B, 3, *), got (…)" unless `tensor` has the shape `expected`.
/// Costs a comparison of integers, so it stays on in release builds.
void check_shape(const Tensor& tensor, std::initializer_list<std::int64_t> expected, const char* name);

}  // namespace ablate
