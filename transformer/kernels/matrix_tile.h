#pragma once
// The innermost loop of a matrix product C = A B, for kernels that keep what they compute in cache and so cannot leave
// the product to a library: a few rows of A by one panel of B, whose sums never leave the registers.
#include "transformer/kernels/vector.h"

#include <array>
#include <cstddef>
#include <utility>

namespace ablate {

/// Columns of C, and of a panel of B, that are computed at a time. Two vectors by six rows are twelve sums: enough to
/// hide the latency of a multiply-add, and with the panel's two vectors within sixteen registers.
inline constexpr int panel_width = 2 * vector_width;
inline constexpr int tile_rows = 6;

inline constexpr std::int64_t panels_of(std::int64_t columns) { return (columns + panel_width - 1) / panel_width; }

/// A's element (i, k) stands at data[i * row + (k / inner) * jump + (k % inner) * step].
struct LeftOperand {
  const float* data;
  std::ptrdiff_t row, step, jump;
};

/// `outer * inner` products are summed for each element. B's row k is the panel_width floats at b + k * b_step.
struct TileLoop {
  std::int64_t outer, inner;
  std::ptrdiff_t b_step;
};

/// `dense`: a.step is 1, which leaves one index to count instead of a pointer for every row.
template <int rows, bool dense>
void multiply_tile(LeftOperand a, const float* b, TileLoop loop, float* c, std::ptrdiff_t c_row, bool add,
                   const float* shift) {
  Floats sums[rows][2] = {};
  // C may have left the nearer caches; it is back when the sums are done.
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) __builtin_prefetch(c + i * c_row, /*to write*/ 1);
  for (std::int64_t o = 0; o < loop.outer; ++o) {
    const float* from[rows];
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) from[i] = a.data + i * a.row + o * a.jump;
#pragma GCC unroll 4
    for (std::int64_t k = 0; k < loop.inner; ++k) {
      const Floats b0 = load(b), b1 = load(b + vector_width);
      b += loop.b_step;
#pragma GCC unroll 8
      for (int i = 0; i < rows; ++i) {
        const Floats x = broadcast(from[i][dense ? k : k * a.step]);
        sums[i][0] += x * b0;
        sums[i][1] += x * b1;
      }
    }
  }
  if (shift != nullptr) {
    const Floats shift0 = load(shift), shift1 = load(shift + vector_width);
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
      sums[i][0] += shift0;
      sums[i][1] += shift1;
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) {
    float* const to = c + i * c_row;
    store(to, add ? load(to) + sums[i][0] : sums[i][0]);
    store(to + vector_width, add ? load(to + vector_width) + sums[i][1] : sums[i][1]);
  }
}

/// C (rows x panel_width, its rows `c_row` apart) = A B, or += with `add`, for any number of rows. `shift`
/// (panel_width), if not null, is added to every row.
inline void multiply_panel(std::int64_t rows, LeftOperand a, const float* b, TileLoop loop, float* c,
                           std::ptrdiff_t c_row, bool add, const float* shift = nullptr) {
  using Tile = void (*)(LeftOperand, const float*, TileLoop, float*, std::ptrdiff_t, bool, const float*);
  static constexpr auto tiles = []<int... n>(std::integer_sequence<int, n...>) {
    return std::array<std::array<Tile, 2>, sizeof...(n)>{
        {{multiply_tile<n + 1, false>, multiply_tile<n + 1, true>}...}};
  }(std::make_integer_sequence<int, tile_rows>());
  const std::size_t dense = a.step == 1 ? 1 : 0;
  while (rows > 0) {
    const std::int64_t count = rows < tile_rows ? rows : tile_rows;
    tiles[static_cast<std::size_t>(count - 1)][dense](a, b, loop, c, c_row, add, shift);
    a.data += count * a.row;
    c += count * c_row;
    rows -= count;
  }
}

}  // namespace ablate
