#pragma once
// Vectors of floats as wide as the processor's registers. They are the compiler's own vector types (GCC and Clang),
// because compilers do not vectorise sums and maxima of floats unless they may reorder every sum of the file.
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

namespace ablate {

// No wider than the registers: wider vector types are legal, but warned about and slow.
#if defined(__AVX512F__)
inline constexpr int vector_width = 16;
#elif defined(__AVX__)
inline constexpr int vector_width = 8;
#else
inline constexpr int vector_width = 4;
#endif
using Floats = float __attribute__((vector_size(vector_width * sizeof(float))));
using Integers = std::int32_t __attribute__((vector_size(vector_width * sizeof(float))));

inline Floats load(const float* p) {
  Floats v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

inline void store(float* p, Floats v) { std::memcpy(p, &v, sizeof v); }

/// The first `count` lanes; the others are `filler`.
inline Floats load_part(const float* p, int count, float filler = 0) {
  if (count == vector_width) return load(p);
  Floats v = filler - Floats{};
  std::memcpy(&v, p, static_cast<std::size_t>(count) * sizeof(float));
  return v;
}

inline void store_part(float* p, Floats v, int count) {
  if (count == vector_width) return store(p, v);
  std::memcpy(p, &v, static_cast<std::size_t>(count) * sizeof(float));
}

/// body(j, count): `count` elements from j on, all lanes or, at the end, fewer.
template <class Body>
void for_each_vector(std::int64_t width, const Body& body) {
  std::int64_t j = 0;
  for (; j + vector_width <= width; j += vector_width) body(j, vector_width);
  if (j < width) body(j, static_cast<int>(width - j));
}

inline Floats broadcast(float x) { return x - Floats{}; }

inline Floats maximum_of(Floats a, Floats b) { return a > b ? a : b; }

/// Every lane gets what stands `distance` lanes further on, the last ones what stands at the beginning.
template <int distance>
Floats turn_lanes(Floats v) {
  return [v]<int... lane>(std::integer_sequence<int, lane...>) {
    return __builtin_shufflevector(v, v, ((lane + distance) % vector_width)...);
  }(std::make_integer_sequence<int, vector_width>());
}

/// Rows become columns, by halves of ever larger squares.
template <int distance = 1>
void transpose(Floats (&rows)[vector_width]) {
  if constexpr (distance < vector_width) {
    [&]<int... lane>(std::integer_sequence<int, lane...>) {
#pragma GCC unroll 16
      for (int i = 0; i < vector_width; ++i) {
        if ((i & distance) != 0) continue;
        const Floats a = rows[i], b = rows[i + distance];
        rows[i] = __builtin_shufflevector(a, b, ((lane & distance) == 0 ? lane : vector_width + lane - distance)...);
        rows[i + distance] =
            __builtin_shufflevector(a, b, ((lane & distance) == 0 ? lane + distance : vector_width + lane)...);
      }
    }(std::make_integer_sequence<int, vector_width>());
    transpose<2 * distance>(rows);
  }
}

template <int distance = vector_width / 2>
float largest(Floats v) {
  if constexpr (distance == 0)
    return v[0];
  else
    return largest<distance / 2>(maximum_of(v, turn_lanes<distance>(v)));
}

template <int distance = vector_width / 2>
float total(Floats v) {
  if constexpr (distance == 0)
    return v[0];
  else
    return total<distance / 2>(v + turn_lanes<distance>(v));
}

/// In double, so that a row's sum does not lose what its lanes have.
inline double sum_of(Floats v) {
  double sum = 0;
  for (int i = 0; i < vector_width; ++i) sum += static_cast<double>(v[i]);
  return sum;
}

/// Sum of a[i] * b[i].
inline float dot(const float* a, const float* b, std::int64_t size) {
  Floats sums{};
  std::int64_t i = 0;
  for (; i + vector_width <= size; i += vector_width) sums += load(a + i) * load(b + i);
  float sum = total(sums);
  for (; i < size; ++i) sum += a[i] * b[i];
  return sum;
}

/// exp(x) for x <= 0, below exp(-87) 0: x = n log 2 + r with |r| <= log(2) / 2, exp(r) by a polynomial, times 2^n by
/// its exponent bits. The coefficients are those of the minimax polynomial for exp(r) = 1 + r + r^2 q(r) in Cephes'
/// expf (Moshier 1989). The relative error is below 2e-7.
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

}  // namespace ablate
