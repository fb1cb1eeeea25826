#pragma once
// Products of many tokens with a weight, on the CPU in float. The weight, the smaller of the two, is packed; tokens are
// read where they lie, while a library copies both.
#include "transformer/kernels/packed_product.h"

namespace ablate {

/// C (a.count, b.out()), rows `c_row` apart, = A B + bias, or with `add` += A B. `bias` (b.out()) or null: zero. In all
/// threads; every element is one sum in one order, whatever their number. a.width must be b.in().
void multiply_rows(const Rows& a, const PackedWeight& b, const float* bias, float* c, std::ptrdiff_t c_row, bool add);

}  // namespace ablate
