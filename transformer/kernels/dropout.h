#pragma once
// Dropout whose mask is a function of (key, element index): no mask is stored, the backward pass computes it
// again, threads share the work and the result does not depend on how many there are.
#include "transformer/core/torch.h"
#include "transformer/kernels/philox.h"

namespace ablate {

/// How often an element is dropped, in steps of 2^-16. The kept elements are scaled by the keep probability
/// that is really used, so the expectation is exact although the rate is rounded (by at most 2^-17; a rate
/// strictly between 0 and 1 is never rounded to either).
struct DropoutThreshold {
  explicit DropoutThreshold(double rate);
  double keep_probability() const { return 1 - drop / 65536.0; }
  double scale() const { return drop == 65536 ? 0 : 1 / keep_probability(); }
  std::uint32_t drop;  ///< an element is dropped if its 16 random bits are below this
};

/// Zeroes each element with probability `rate` and multiplies the rest by 1 / (1 - rate) (Srivastava et al.
/// 2014, inverted form). A call draws one 64-bit key from the default generator of the CPU and nothing else:
/// a generator's saved state restores every mask that follows. float, double and bfloat16 on the CPU; other
/// tensors go to at::dropout. Throws std::invalid_argument unless 0 <= rate <= 1.
Tensor counter_dropout(const Tensor& x, double rate);

/// The 16 random bits of one element, the definition that the vectorised loop is tested against. A tile of
/// 128 consecutive elements uses 16 counters of Philox-4x32-7: element 128 t + 32 w + 16 h + l takes the low
/// (h = 0) or high (h = 1) half of word w of counter 16 t + l.
std::uint16_t dropout_bits(std::uint64_t key, std::uint64_t element);

// For other kernels that drop while they compute.
inline constexpr int dropout_tile = 128;  ///< elements whose bits are made together
std::uint64_t draw_dropout_key();         ///< from the default generator of the CPU
/// The bits of the elements dropout_tile * t, dropout_tile * t + 1, …
void fill_dropout_tile(std::uint64_t key, std::uint64_t t, std::uint16_t* __restrict bits);

}  // namespace ablate
