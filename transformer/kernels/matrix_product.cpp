#include "transformer/kernels/matrix_product.h"

#include "transformer/core/parallel.h"

#include <algorithm>

namespace ablate {
namespace {

/// Rows of A that pass by a panel of B together: their parts and a few panels stay in the second-level cache.
constexpr std::int64_t most_block_rows = 96;

/// Blocks of about one size, made of whole tiles: threads that share them end together.
std::int64_t block_rows_of(std::int64_t rows) {
  const std::int64_t blocks = (rows + most_block_rows - 1) / most_block_rows;
  return ((rows + blocks - 1) / blocks + tile_rows - 1) / tile_rows * tile_rows;
}

/// One panel of C whose last columns are none of C's.
void multiply_narrow(std::int64_t rows, LeftOperand a, const float* b, TileLoop loop, std::int64_t columns, float* c,
                     std::ptrdiff_t c_row) {
  float buffer[tile_rows * panel_width];
  for (std::int64_t begin = 0; begin < rows; begin += tile_rows) {
    const std::int64_t count = std::min<std::int64_t>(tile_rows, rows - begin);
    multiply_panel(count, {a.data + begin * a.row, a.row, a.step, a.jump}, b, loop, buffer, panel_width, false);
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) c[(begin + i) * c_row + j] += buffer[i * panel_width + j];
    }
  }
}

/// What a panel of C begins with.
void start_panel(std::int64_t rows, std::int64_t columns, const float* bias, float* c, std::ptrdiff_t c_row) {
  for (std::int64_t i = 0; i < rows; ++i) {
    if (bias != nullptr) {
      std::copy_n(bias, columns, c + i * c_row);
    } else {
      std::fill_n(c + i * c_row, columns, 0.0F);
    }
  }
}

/// The panel for which A comes from memory: some rows ahead, because the processor does not foresee short rows.
void multiply_first_panel(const Rows& a, const float* b, TileLoop loop, float* c, std::ptrdiff_t c_row, bool add) {
  constexpr std::int64_t floats_in_line = 16;
  for (std::int64_t row = 0; row < a.count; row += tile_rows) {
    const std::int64_t next = std::min(row + tile_rows, a.count);
    for (std::int64_t ahead = next; ahead < std::min(next + tile_rows, a.count); ++ahead) {
      for (std::int64_t k = 0; k < a.width; k += floats_in_line) __builtin_prefetch(a.at(ahead) + k);
    }
    multiply_panel(next - row, {a.at(row), a.row, 1, 0}, b, loop, c + row * c_row, c_row, add);
  }
}

void multiply_block(const Rows& a, const PackedWeight& b, const float* bias, float* c, std::ptrdiff_t c_row, bool add) {
  for (std::int64_t k = 0; k < b.in(); k += most_products) {
    const TileLoop loop{1, std::min(most_products, b.in() - k), panel_width};
    for (std::int64_t panel = 0; panel < panels_of(b.out()); ++panel) {
      const std::int64_t column = panel * panel_width, columns = std::min<std::int64_t>(panel_width, b.out() - column);
      const bool narrow = columns < panel_width, begins = k == 0 && !add && (bias != nullptr || narrow);
      if (begins) start_panel(a.count, columns, bias != nullptr ? bias + column : nullptr, c + column, c_row);
      const LeftOperand left{a.data + k, a.row, 1, 0};
      const float* const right = b.panel(panel) + k * panel_width;
      if (narrow) {
        multiply_narrow(a.count, left, right, loop, columns, c + column, c_row);
      } else {
        const bool add_here = add || begins || k > 0;
        if (panel == 0) {
          multiply_first_panel({a.data + k, a.count, loop.inner, a.row}, right, loop, c, c_row, add_here);
        } else {
          multiply_panel(a.count, left, right, loop, c + column, c_row, add_here);
        }
      }
    }
  }
}

}  // namespace

void multiply_rows(const Rows& a, const PackedWeight& b, const float* bias, float* c, std::ptrdiff_t c_row, bool add) {
  TORCH_INTERNAL_ASSERT(a.width == b.in());
  const std::int64_t size = block_rows_of(std::max<std::int64_t>(a.count, 1));
  for_each_unit((a.count + size - 1) / size, [&](std::int64_t block) {
    const std::int64_t begin = block * size, rows = std::min(size, a.count - begin);
    multiply_block({a.at(begin), rows, a.width, a.row}, b, bias, c + begin * c_row, c_row, add);
  });
}

}  // namespace ablate
