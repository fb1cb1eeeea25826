#include "transformer/kernels/softmax_row.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace ablate {
namespace {

// No wider than the processor's registers: wider vector types are legal, but warned about and slow.
#if defined(__AVX512F__)
constexpr int width = 16;
#elif defined(__AVX__)
constexpr int width = 8;
#else
constexpr int width = 4;
#endif
using Floats = float __attribute__((vector_size(width * sizeof(float))));
using Integers = std::int32_t __attribute__((vector_size(width * sizeof(float))));

inline Floats load(const float* p) {
  Floats v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

inline void store(float* p, Floats v) { std::memcpy(p, &v, sizeof v); }

inline Floats broadcast(float x) { return x - Floats{}; }

/// The lanes of a row's end, filled up with `filler`.
inline Floats load_tail(const float* p, std::int64_t count, float filler) {
  Floats v = broadcast(filler);
  std::memcpy(&v, p, static_cast<std::size_t>(count) * sizeof(float));
  return v;
}

inline Floats maximum_of(Floats a, Floats b) { return a > b ? a : b; }

inline double sum_of(Floats v) {
  double sum = 0;
  for (int i = 0; i < width; ++i) sum += static_cast<double>(v[i]);
  return sum;
}

/// exp(x) for x <= 0: x = n log 2 + r with |r| <= log(2) / 2, exp(r) by a polynomial, times 2^n by its
/// exponent bits. The coefficients are those of the minimax polynomial for exp(r) = 1 + r + r^2 q(r) in
/// Cephes' expf (Moshier 1989).
inline Floats exp_of(Floats x) {
  constexpr float round_to_integer = 12582912.0F;  // 1.5 * 2^23: adding it leaves no bits for a fraction
  const Floats shifted = x * 1.44269504F + round_to_integer;
  const Floats n = shifted - round_to_integer;
  const Floats r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  Floats q = r * 1.9875691500e-4F + 1.3981999507e-3F;
  q = q * r + 8.3334519073e-3F;
  q = q * r + 4.1665795894e-2F;
  q = q * r + 1.6666665459e-1F;
  q = q * r + 5.0000001201e-1F;
  const Floats mantissa = q * (r * r) + r + 1.0F;
  const Integers exponent = reinterpret_cast<Integers>(shifted) - 0x4B400000;  // the bits of round_to_integer
  const Floats power = reinterpret_cast<Floats>((exponent + 127) << 23);
  return x < -87.0F ? Floats{} : mantissa * power;  // false for NaN, which so survives
}

}  // namespace

RowStatistics row_statistics(const float* logits, std::int64_t size) {
  constexpr float lowest = -std::numeric_limits<float>::infinity();
  Floats maximum0 = broadcast(lowest), maximum1 = maximum0, sum0{}, sum1{};
  std::int64_t i = 0;
  for (; i + 2 * width <= size; i += 2 * width) {
    const Floats a = load(logits + i), b = load(logits + i + width);
    maximum0 = maximum_of(maximum0, a);
    maximum1 = maximum_of(maximum1, b);
    sum0 += a;
    sum1 += b;
  }
  maximum0 = maximum_of(maximum0, maximum1);
  RowStatistics result{lowest, sum_of(sum0) + sum_of(sum1)};
  for (int lane = 0; lane < width; ++lane) result.maximum = std::max(result.maximum, maximum0[lane]);
  for (; i < size; ++i) {
    result.maximum = std::max(result.maximum, logits[i]);
    result.sum += static_cast<double>(logits[i]);
  }
  return result;
}

double exponentiate_row(float* logits, std::int64_t size, float maximum) {
  Floats sum0{}, sum1{};
  std::int64_t i = 0;
  for (; i + 2 * width <= size; i += 2 * width) {
    const Floats a = exp_of(load(logits + i) - maximum), b = exp_of(load(logits + i + width) - maximum);
    store(logits + i, a);
    store(logits + i + width, b);
    sum0 += a;
    sum1 += b;
  }
  double sum = sum_of(sum0) + sum_of(sum1);
  for (; i < size; i += width) {
    const std::int64_t count = std::min<std::int64_t>(width, size - i);
    const Floats e = exp_of(load_tail(logits + i, count, maximum) - maximum);
    std::memcpy(logits + i, &e, static_cast<std::size_t>(count) * sizeof(float));
    for (std::int64_t lane = 0; lane < count; ++lane) sum += static_cast<double>(e[lane]);
  }
  return sum;
}

void scale_and_shift_row(float* row, std::int64_t size, float scale, float shift) {
  std::int64_t i = 0;
  for (; i + width <= size; i += width) store(row + i, load(row + i) * scale - shift);
  for (; i < size; ++i) row[i] = row[i] * scale - shift;
}

}  // namespace ablate
