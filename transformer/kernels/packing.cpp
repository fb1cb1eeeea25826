#include "transformer/kernels/packing.h"

#include <algorithm>

namespace ablate {

void pack_rows(const Rows& from, float* to) {
  for (std::int64_t column = 0; column < from.width; column += panel_width) {
    const std::int64_t count = std::min<std::int64_t>(panel_width, from.width - column);
    for (std::int64_t i = 0; i < from.count; ++i, to += panel_width) {
      if (count == panel_width) {
        store(to, load(from.at(i) + column));
        store(to + vector_width, load(from.at(i) + column + vector_width));
      } else {
        std::copy_n(from.at(i) + column, count, to);
        std::fill(to + count, to + panel_width, 0.0F);
      }
    }
  }
}

void pack_transposed(const Rows& from, float* to) {
  for (std::int64_t first = 0; first < from.count; first += panel_width, to += panel_width * from.width) {
    const std::int64_t count = std::min<std::int64_t>(panel_width, from.count - first);
    std::int64_t done = 0;
    for (; done + vector_width <= from.width; done += vector_width) {
      for (std::int64_t half = 0; half < panel_width; half += vector_width) {
        Floats square[vector_width];
#pragma GCC unroll 16
        for (std::int64_t i = 0; i < vector_width; ++i) {
          square[i] = half + i < count ? load(from.at(first + half + i) + done) : Floats{};
        }
        transpose(square);
#pragma GCC unroll 16
        for (std::int64_t i = 0; i < vector_width; ++i) store(to + (done + i) * panel_width + half, square[i]);
      }
    }
    for (std::int64_t k = done; k < from.width; ++k) {
      for (std::int64_t i = 0; i < panel_width; ++i) to[k * panel_width + i] = i < count ? from.at(first + i)[k] : 0;
    }
  }
}

void transpose_rows(const Rows& from, float* to, std::ptrdiff_t to_row) {
  std::int64_t row = 0;
  for (; row + vector_width <= from.count; row += vector_width) {
    std::int64_t k = 0;
    for (; k + vector_width <= from.width; k += vector_width) {
      Floats square[vector_width];
#pragma GCC unroll 16
      for (std::int64_t i = 0; i < vector_width; ++i) square[i] = load(from.at(row + i) + k);
      transpose(square);
#pragma GCC unroll 16
      for (std::int64_t i = 0; i < vector_width; ++i) store(to + (k + i) * to_row + row, square[i]);
    }
    for (; k < from.width; ++k) {
      for (std::int64_t i = row; i < row + vector_width; ++i) to[k * to_row + i] = from.at(i)[k];
    }
  }
  for (; row < from.count; ++row) {
    for (std::int64_t k = 0; k < from.width; ++k) to[k * to_row + row] = from.at(row)[k];
  }
}

}  // namespace ablate
