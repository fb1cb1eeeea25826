// How far apart two results may lie that are equal in exact arithmetic: every tolerance of the tests on
// tensors, with its reason. Differences are taken relative to the larger of 1 and the largest element.
#pragma once

namespace ablate::testing::tolerance {

/// One formula in double, evaluated in another order.
inline constexpr double same_in_double = 1e-12;

/// One formula in float, evaluated in another order or by another kernel (fused attention, cached decoding).
inline constexpr double same_in_float = 2e-6;

/// Gradients in float by two kernels: sums over every position and both directions of the softmax. The key
/// bias has a gradient of exactly 0, left over from terms a hundred times as large as 1.
inline constexpr double gradient_in_float = 1e-4;

/// Another program's figures in double, written to a golden file with twelve digits.
inline constexpr double golden = 1e-10;

/// A central difference in double with a step of 1e-6: rounding leaves about 1e-8 of it, the third derivative
/// less, but for models without a norm.
inline constexpr double finite_difference = 1e-6;

}  // namespace ablate::testing::tolerance
