// Products in blocks of rows against LibTorch's in double.
#include "transformer/kernels/matrix_product.h"

#include "tests/tensors.h"
#include "tests/threads.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

Rows rows_of(const Tensor& x) { return {x.const_data_ptr<float>(), x.size(0), x.size(1), x.stride(0)}; }

/// All blocks, one after the other.
Tensor multiply(const Tensor& a, const PackedWeight& b, const Tensor& bias, const Tensor& start) {
  const Tensor c = start.defined() ? start.clone() : at::full({a.size(0), b.out()}, NAN, at::kFloat);
  const RowBlocks blocks(a.size(0));
  for (std::int64_t block = 0; block < blocks.count(); ++block) {
    const std::int64_t begin = blocks.begin(block);
    multiply_block(rows_of(a).part(begin, blocks.rows(block)), b,
                   bias.defined() ? bias.const_data_ptr<float>() : nullptr,
                   c.mutable_data_ptr<float>() + begin * b.out(), b.out(), start.defined());
  }
  return c;
}

}  // namespace

TEST_CASE("blocks of rows cover all rows once", "[kernels][matrix_product]") {
  for (const std::int64_t rows : {0, 1, 5, 6, 95, 96, 97, 192, 1000, 4096}) {
    const RowBlocks blocks(rows);
    std::int64_t next = 0;
    for (std::int64_t block = 0; block < blocks.count(); ++block) {
      CHECK(blocks.begin(block) == next);
      CHECK(blocks.rows(block) > 0);
      next += blocks.rows(block);
    }
    CHECK(next == rows);
  }
}

TEST_CASE("a block's product with a packed weight is the product", "[kernels][matrix_product]") {
  // 1100 products are more than are summed before a result is written.
  for (const std::int64_t in : {1, 7, 64, 1100}) {
    for (const std::int64_t out : {1, 16, 33, 48}) {
      for (const std::int64_t rows : {1, 6, 100, 200}) {
        INFO(rows << " rows, " << in << " in, " << out << " out");
        const Tensor weight = normal({out, in}, 1, at::kFloat), x = normal({rows, in}, 2, at::kFloat);
        const Tensor bias = normal({out}, 3, at::kFloat), start = normal({rows, out}, 4, at::kFloat);
        const Tensor product = at::matmul(x.to(at::kDouble), weight.to(at::kDouble).t());
        const PackedWeight packed(weight);
        CHECK_CLOSE(multiply(x, packed, Tensor(), Tensor()), product, tolerance::same_in_float);
        CHECK_CLOSE(multiply(x, packed, bias, Tensor()), product + bias, tolerance::same_in_float);
        CHECK_CLOSE(multiply(x, packed, Tensor(), start), product + start, tolerance::same_in_float);
        CHECK_CLOSE(multiply(x, packed, bias, start), product + start + bias, tolerance::same_in_float);
        const Tensor upstream = normal({rows, out}, 5, at::kFloat);
        CHECK_CLOSE(multiply(upstream, PackedWeight::for_gradient(weight), Tensor(), Tensor()),
                    at::matmul(upstream.to(at::kDouble), weight.to(at::kDouble)), tolerance::same_in_float);
      }
    }
  }
}

TEST_CASE("a weight's gradient is the product over all rows", "[kernels][matrix_product]") {
  for (const std::int64_t rows : {5, 192, 300, 1000}) {
    for (const std::int64_t height : {1, 16, 37}) {
      for (const std::int64_t width : {1, 16, 45}) {
        INFO(rows << " rows, " << height << " x " << width);
        const Tensor a = normal({rows, height}, 1, at::kFloat), b = normal({rows, width}, 2, at::kFloat);
        const Tensor actual = multiply_transposed(a, b);
        CHECK(actual.is_contiguous());
        CHECK_CLOSE(actual, at::matmul(a.to(at::kDouble).t(), b.to(at::kDouble)), tolerance::same_in_float);
      }
    }
  }
}

TEST_CASE("products do not depend on the number of threads", "[kernels][matrix_product]") {
  const Tensor a = normal({1000, 40}, 1, at::kFloat), b = normal({1000, 50}, 2, at::kFloat);
  Tensor one, two;
  {
    const RestoreThreads restore;
    at::set_num_threads(1);
    one = multiply_transposed(a, b);
  }
  {
    const RestoreThreads restore;
    at::set_num_threads(2);
    two = multiply_transposed(a, b);
  }
  CHECK(at::equal(one, two));
}

TEST_CASE("sums of rows are the blocks' sums", "[kernels][matrix_product]") {
  const Tensor x = normal({20, 19}, 1, at::kFloat);
  RowSums sums(3, 19);
  for (std::int64_t row = 0; row < 20; ++row) sums.add(row % 3, rows_of(x).at(row));
  CHECK_CLOSE(sums.total(), x.sum(0), tolerance::same_in_float);
}

TEST_CASE("rows are packed as they are and transposed", "[kernels][matrix_product]") {
  for (const std::int64_t rows : {1, 8, 16, 37}) {
    for (const std::int64_t width : {1, 8, 21, 32}) {
      INFO(rows << " x " << width);
      // Rows that are not neighbours in memory.
      const Tensor x = normal({rows, width + 3}, 1, at::kFloat).narrow(1, 1, width);
      const Tensor as_rows = at::full({panels_of(width), rows, panel_width}, NAN, at::kFloat);
      pack_rows(rows_of(x), as_rows.mutable_data_ptr<float>());
      const Tensor as_columns = at::full({panels_of(rows), width, panel_width}, NAN, at::kFloat);
      pack_transposed(rows_of(x), as_columns.mutable_data_ptr<float>());
      const Tensor transposed = at::full({width, rows + 2}, NAN, at::kFloat);
      transpose_rows(rows_of(x), transposed.mutable_data_ptr<float>(), rows + 2);
      const auto padded = [](const Tensor& y) {
        return at::constant_pad_nd(y, {0, panels_of(y.size(1)) * panel_width - y.size(1)})
            .view({y.size(0), -1, panel_width})
            .transpose(0, 1);
      };
      CHECK(at::equal(as_rows, padded(x)));
      CHECK(at::equal(as_columns, padded(x.t().contiguous())));
      CHECK(at::equal(transposed.narrow(1, 0, rows), x.t()));
    }
  }
}
