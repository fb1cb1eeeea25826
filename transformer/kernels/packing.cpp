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
    std::int64_t j = 0;
    // Four rows at a time, so that a line of the panel is touched four times and not sixteen.
    for (; j + 4 <= count; j += 4) {
      const float *const a = from.at(first + j), *const b = from.at(first + j + 1), *const c = from.at(first + j + 2),
                         *const d = from.at(first + j + 3);
      for (std::int64_t k = 0; k < from.width; ++k) {
        float* const line = to + k * panel_width + j;
        line[0] = a[k];
        line[1] = b[k];
        line[2] = c[k];
        line[3] = d[k];
      }
    }
    for (; j < panel_width; ++j) {
      const float* const row = j < count ? from.at(first + j) : nullptr;
      for (std::int64_t k = 0; k < from.width; ++k) to[k * panel_width + j] = row != nullptr ? row[k] : 0;
    }
  }
}

}  // namespace ablate
