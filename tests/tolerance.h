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

/// States, scores and gradients of a published model beside those of the library transformers, as a share of the
/// largest element of each tensor: one formula in another order, in double and in float.
inline constexpr double published_in_double = 1e-10;
inline constexpr double published_in_float = 1e-5;

/// The same in double for BLOOM, whose own code writes sqrt(2 / pi) with eight digits.
inline constexpr double eight_digits = 1e-8;

/// The same in float where the softmax is nearly one-hot: gradients of queries and keys are then differences of numbers
/// much larger than they are, and keep a digit less of them.
inline constexpr double cancelled_in_float = 1e-4;

/// A share of the largest of all gradients below which a gradient is what rounding left of 0.
inline constexpr double nothing_but_rounding = 1e-12;

/// A model in float beside figures that were computed in double, as `ablate import --verify` takes them: absolute.
inline constexpr double verified_in_float = 1e-4;

/// A central difference in double with a step of 1e-6: rounding leaves about 1e-8 of it, the third derivative
/// less, but for models without a norm.
inline constexpr double finite_difference = 1e-6;

}  // namespace ablate::testing::tolerance
