#pragma once
// Elementwise activations and their derivatives on vectors, for kernels that apply them while a row is in cache. The
// value of NaN is NaN.
#include "transformer/kernels/vector.h"

namespace ablate {

/// `none`: there is no kernel for it.
enum class RowActivation { none, identity, relu, squared_relu, sigmoid, swish, tanh, gelu, gelu_tanh, elu, selu };

struct ValueAndSlope {
  Floats value, slope;
};

namespace row_activation {

inline Floats absolute(Floats x) { return x < 0.0F ? -x : x; }

/// 1 / (1 + exp(-x))
inline Floats sigmoid_of(Floats x) {
  const Floats e = exp_of(-absolute(x)), larger = 1.0F / (1.0F + e);
  return x < 0.0F ? e * larger : larger;
}

/// By the series near 0, where the difference of exponentials would lose digits.
inline Floats tanh_of(Floats x) {
  const Floats square = x * x;
  const Floats series = x + x * square * (-1.0F / 3 + square * (2.0F / 15 - square * (17.0F / 315)));
  return absolute(x) < 0.1F ? series : 2.0F * sigmoid_of(2.0F * x) - 1.0F;
}

/// exp(x) - 1 for x <= 0; the same.
inline Floats expm1_of(Floats x) {
  const Floats series = x * (1.0F + x * (0.5F + x * (1.0F / 6 + x * (1.0F / 24 + x * (1.0F / 120)))));
  return x > -0.1F ? series : exp_of(x) - 1.0F;
}

struct Identity {
  static ValueAndSlope at(Floats x) { return {x, broadcast(1)}; }
};
struct Relu {
  static ValueAndSlope at(Floats x) { return {x < 0.0F ? Floats{} : x, x <= 0.0F ? Floats{} : broadcast(1)}; }
};
struct SquaredRelu {
  static ValueAndSlope at(Floats x) {
    const Floats kept = x < 0.0F ? Floats{} : x;
    return {kept * kept, 2.0F * kept};
  }
};
struct Sigmoid {
  static ValueAndSlope at(Floats x) {
    const Floats s = sigmoid_of(x);
    return {s, s * (1.0F - s)};
  }
};
struct Swish {
  static ValueAndSlope at(Floats x) {
    const Floats s = sigmoid_of(x);
    return {x * s, s * (1.0F + x * (1.0F - s))};
  }
};
struct Tanh {
  static ValueAndSlope at(Floats x) {
    const Floats t = tanh_of(x);
    return {t, 1.0F - t * t};
  }
};
/// x Phi(x) with erf by Abramowitz & Stegun 1964, 7.1.26: wrong by at most 1.5e-7.
struct Gelu {
  static ValueAndSlope at(Floats x) {
    const Floats z = absolute(x) * 0.70710678F, t = 1.0F / (1.0F + 0.3275911F * z), e = exp_of(-z * z);
    const Floats polynomial =
        t * (0.254829592F + t * (-0.284496736F + t * (1.421413741F + t * (-1.453152027F + t * 1.061405429F))));
    const Floats tail = 0.5F * polynomial * e;  // 1 - Phi(|x|)
    const Floats phi = x < 0.0F ? tail : 1.0F - tail;
    return {x * phi, phi + x * e * 0.39894228F};
  }
};
struct GeluTanh {
  static ValueAndSlope at(Floats x) {
    constexpr float slope = 0.79788456F, cubic = 0.044715F;  // sqrt(2 / pi)
    const Floats square = x * x, t = tanh_of(slope * x * (1.0F + cubic * square)), half = 0.5F * (1.0F + t);
    return {x * half, half + 0.5F * x * (1.0F - t * t) * slope * (1.0F + 3.0F * cubic * square)};
  }
};
struct Elu {
  static ValueAndSlope at(Floats x) {
    const Floats below = expm1_of(x < 0.0F ? x : Floats{});
    return {x < 0.0F ? below : x, x > 0.0F ? broadcast(1) : below + 1.0F};
  }
};
struct Selu {
  static ValueAndSlope at(Floats x) {
    constexpr float scale = 1.05070099F, alpha = 1.67326324F;
    const Floats below = alpha * expm1_of(x < 0.0F ? x : Floats{});
    return {scale * (x < 0.0F ? below : x), scale * (x > 0.0F ? broadcast(1) : below + alpha)};
  }
};

}  // namespace row_activation

/// body(one of the structs above).
template <class Body>
void with_row_activation(RowActivation kind, const Body& body) {
  namespace act = row_activation;
  switch (kind) {
    case RowActivation::none:
    case RowActivation::identity:
      return body(act::Identity());
    case RowActivation::relu:
      return body(act::Relu());
    case RowActivation::squared_relu:
      return body(act::SquaredRelu());
    case RowActivation::sigmoid:
      return body(act::Sigmoid());
    case RowActivation::swish:
      return body(act::Swish());
    case RowActivation::tanh:
      return body(act::Tanh());
    case RowActivation::gelu:
      return body(act::Gelu());
    case RowActivation::gelu_tanh:
      return body(act::GeluTanh());
    case RowActivation::elu:
      return body(act::Elu());
    case RowActivation::selu:
      return body(act::Selu());
  }
}

}  // namespace ablate
