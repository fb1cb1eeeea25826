#include "transformer/kernels/matrix_product.h"

#include "transformer/core/parallel.h"

#include <algorithm>
#include <memory>

namespace ablate {
namespace {

/// Rows of A that pass by a panel of B together: their parts and a few panels stay in the second-level cache.
constexpr std::int64_t most_block_rows = 96;
/// Rows whose products are summed apart, and the largest result that has room beside them in the cache.
constexpr std::int64_t rows_of_part = 256, most_summed_apart = 256 * 256;

/// One panel of C whose last columns are none of C's.
void multiply_narrow(std::int64_t rows, LeftOperand a, const float* b, TileLoop loop, std::int64_t columns, float* c,
                     std::ptrdiff_t c_row, bool add, const float* shift) {
  float buffer[tile_rows * panel_width];
  for (std::int64_t begin = 0; begin < rows; begin += tile_rows) {
    const std::int64_t count = std::min<std::int64_t>(tile_rows, rows - begin);
    multiply_panel(count, {a.data + begin * a.row, a.row, a.step, a.jump}, b, loop, buffer, panel_width, false);
    for (std::int64_t i = 0; i < count; ++i) {
      float* const to = c + (begin + i) * c_row;
      for (std::int64_t j = 0; j < columns; ++j) {
        to[j] = (add ? to[j] : 0) + buffer[i * panel_width + j] + (shift != nullptr ? shift[j] : 0);
      }
    }
  }
}

/// The panel for which A comes from memory: some rows ahead, because the processor does not foresee short rows.
void multiply_first_panel(const Rows& a, const float* b, TileLoop loop, float* c, std::ptrdiff_t c_row, bool add,
                          const float* shift) {
  for (std::int64_t row = 0; row < a.count; row += tile_rows) {
    const std::int64_t next = std::min(row + tile_rows, a.count);
    for (std::int64_t ahead = next; ahead < std::min(next + tile_rows, a.count); ++ahead) {
      prefetch_floats(a.at(ahead), a.width);
    }
    multiply_panel(next - row, {a.at(row), a.row, 1, 0}, b, loop, c + row * c_row, c_row, add, shift);
  }
}

/// (parts, size) -> (size), part after part: a library's sum may be in another order for another number of threads.
Tensor sum_parts(const Tensor& parts) {
  constexpr std::int64_t most_floats = 4096;  // that a thread takes at a time
  const std::int64_t count = parts.size(0), size = parts.size(1);
  const Tensor sum = at::empty({size}, parts.options());
  const float* const from = parts.const_data_ptr<float>();
  float* const to = sum.mutable_data_ptr<float>();
  for_each_unit((size + most_floats - 1) / most_floats, [&](std::int64_t unit) {
    const std::int64_t begin = unit * most_floats;
    for_each_vector(std::min(most_floats, size - begin), [&](std::int64_t j, int lanes) {
      Floats total{};
      for (std::int64_t part = 0; part < count; ++part) total += load_part(from + part * size + begin + j, lanes);
      store_part(to + begin + j, total, lanes);
    });
  });
  return sum;
}

}  // namespace

RowBlocks::RowBlocks(std::int64_t rows) : rows_(rows) {
  const std::int64_t blocks = std::max<std::int64_t>(1, (rows + most_block_rows - 1) / most_block_rows);
  size_ = std::max<std::int64_t>(1, ((rows + blocks - 1) / blocks + tile_rows - 1) / tile_rows) * tile_rows;
  count_ = (rows + size_ - 1) / size_;
}

void multiply_block(const Rows& a, const PackedWeight& b, const float* bias, float* c, std::ptrdiff_t c_row, bool add) {
  for (std::int64_t k = 0; k < b.in(); k += most_products) {
    const TileLoop loop{1, std::min(most_products, b.in() - k), panel_width};
    for (std::int64_t panel = 0; panel < panels_of(b.out()); ++panel) {
      const std::int64_t column = panel * panel_width, columns = std::min<std::int64_t>(panel_width, b.out() - column);
      const float* const shift = bias != nullptr && k == 0 ? bias + column : nullptr;
      const LeftOperand left{a.data + k, a.row, 1, 0};
      const float* const right = b.panel(panel) + k * panel_width;
      const bool add_here = add || k > 0;
      if (columns < panel_width) {
        multiply_narrow(a.count, left, right, loop, columns, c + column, c_row, add_here, shift);
      } else if (panel == 0) {
        multiply_first_panel({a.data + k, a.count, loop.inner, a.row}, right, loop, c, c_row, add_here, shift);
      } else {
        multiply_panel(a.count, left, right, loop, c + column, c_row, add_here, shift);
      }
    }
  }
}

Tensor multiply_transposed(const Tensor& a, const Tensor& b) {
  const std::int64_t rows = a.size(0), height = a.size(1), width = b.size(1), panels = panels_of(width);
  const auto fits = [](const Tensor& x) { return x.device().is_cpu() && x.scalar_type() == at::kFloat; };
  if (!fits(a) || !fits(b) || !pays_to_pack(rows) || height * width > most_summed_apart || height * width == 0) {
    return at::mm(a.t(), b);
  }
  const Tensor from_a = a.contiguous(), from_b = b.contiguous();
  const Rows left{from_a.const_data_ptr<float>(), rows, height, height};
  const Rows right{from_b.const_data_ptr<float>(), rows, width, width};
  const std::int64_t parts = (rows + rows_of_part - 1) / rows_of_part, most = (rows + parts - 1) / parts;
  const Tensor partial = at::empty({parts, height, panels * panel_width}, a.options());
  float* const sums = partial.mutable_data_ptr<float>();
  share_units(parts, [&](SharedUnits& units) {
    const auto columns = std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(height * most));
    const auto packed = std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(most * panels * panel_width));
    for (std::int64_t part; (part = units.take()) >= 0;) {
      const std::int64_t begin = part * most, count = std::min(most, rows - begin);
      transpose_rows(left.part(begin, count), columns.get(), most);
      pack_rows(right.part(begin, count), packed.get());
      float* const to = sums + part * height * panels * panel_width;
      for (std::int64_t panel = 0; panel < panels; ++panel) {
        multiply_panel(height, {columns.get(), most, 1, 0}, packed.get() + panel * count * panel_width,
                       {1, count, panel_width}, to + panel * panel_width, panels * panel_width, false);
      }
    }
  });
  const Tensor sum = sum_parts(partial.view({parts, -1})).view({height, panels * panel_width});
  return sum.narrow(1, 0, width).contiguous();
}

RowSums::RowSums(std::int64_t blocks, std::int64_t width)
    : sums_(at::zeros({blocks, width}, at::kFloat)), data_(sums_.mutable_data_ptr<float>()) {}

void RowSums::add(std::int64_t block, const float* row) {
  const std::int64_t width = sums_.size(1);
  float* const to = data_ + block * width;
  for_each_vector(width, [&](std::int64_t j, int count) {
    store_part(to + j, load_part(to + j, count) + load_part(row + j, count), count);
  });
}

Tensor RowSums::total() const { return sum_parts(sums_); }

}  // namespace ablate
