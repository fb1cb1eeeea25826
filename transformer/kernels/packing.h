#pragma once
// Operands of matrix_tile.h from matrices as they lie in memory.
#include "transformer/kernels/matrix_tile.h"

namespace ablate {

/// Rows of floats, `row` apart.
struct Rows {
  const float* data;
  std::int64_t count, width;
  std::ptrdiff_t row;
  const float* at(std::int64_t i) const { return data + i * row; }
  Rows part(std::int64_t first, std::int64_t rows) const { return {at(first), rows, width, row}; }
};

/// Asks for `size` floats that will be read soon, where the processor does not foresee it.
inline void prefetch_floats(const float* from, std::int64_t size) {
  constexpr std::int64_t floats_in_line = 16;
  for (std::int64_t i = 0; i < size; i += floats_in_line) __builtin_prefetch(from + i);
}

/// (rows, width) as the right operand of a product over rows: (panels of width, rows, panel_width), zeros in the last
/// panel's surplus columns.
void pack_rows(const Rows& from, float* to);

/// The transpose of (rows, width) as the right operand of a product over width: (panels of rows, width, panel_width),
/// zeros in the last panel's surplus columns.
void pack_transposed(const Rows& from, float* to);

/// The transpose of (rows, width): (width, rows), its rows `to_row` apart.
void transpose_rows(const Rows& from, float* to, std::ptrdiff_t to_row);

}  // namespace ablate
