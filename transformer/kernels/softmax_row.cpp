#include "transformer/kernels/softmax_row.h"

#include "transformer/kernels/vector.h"

#include <algorithm>

namespace ablate {
RowStatistics row_statistics(const float* logits, std::int64_t size) {
  constexpr float lowest = -std::numeric_limits<float>::infinity();
  Floats maximum0 = broadcast(lowest), maximum1 = maximum0, sum0{}, sum1{};
  std::int64_t i = 0;
  for (; i + 2 * vector_width <= size; i += 2 * vector_width) {
    const Floats a = load(logits + i), b = load(logits + i + vector_width);
    maximum0 = maximum_of(maximum0, a);
    maximum1 = maximum_of(maximum1, b);
    sum0 += a;
    sum1 += b;
  }
  maximum0 = maximum_of(maximum0, maximum1);
  RowStatistics result{lowest, sum_of(sum0) + sum_of(sum1)};
  for (int lane = 0; lane < vector_width; ++lane) result.maximum = std::max(result.maximum, maximum0[lane]);
  for (; i < size; ++i) {
    result.maximum = std::max(result.maximum, logits[i]);
    result.sum += static_cast<double>(logits[i]);
  }
  return result;
}

double exponentiate_row(float* logits, std::int64_t size, float maximum) {
  Floats sum0{}, sum1{};
  std::int64_t i = 0;
  for (; i + 2 * vector_width <= size; i += 2 * vector_width) {
    const Floats a = exp_of(load(logits + i) - maximum), b = exp_of(load(logits + i + vector_width) - maximum);
    store(logits + i, a);
    store(logits + i + vector_width, b);
    sum0 += a;
    sum1 += b;
  }
  double sum = sum_of(sum0) + sum_of(sum1);
  for (; i < size; i += vector_width) {
    const std::int64_t count = std::min<std::int64_t>(vector_width, size - i);
    const Floats e = exp_of(load_part(logits + i, static_cast<int>(count), maximum) - maximum);
    std::memcpy(logits + i, &e, static_cast<std::size_t>(count) * sizeof(float));
    for (std::int64_t lane = 0; lane < count; ++lane) sum += static_cast<double>(e[lane]);
  }
  return sum;
}

void scale_and_shift_row(float* row, std::int64_t size, float scale, float shift) {
  std::int64_t i = 0;
  for (; i + vector_width <= size; i += vector_width) store(row + i, load(row + i) * scale - shift);
  for (; i < size; ++i) row[i] = row[i] * scale - shift;
}

}  // namespace ablate
