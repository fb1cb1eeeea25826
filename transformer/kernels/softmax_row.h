#pragma once
// One row of logits at a time: the statistics that cross-entropy needs and its gradient. Vectors are the
// compiler's own vector types (GCC and Clang), because compilers do not vectorise sums and maxima of floats
// unless they are allowed to reorder every sum of the file.
#include <cstdint>

namespace ablate {

struct RowStatistics {
  float maximum;  ///< of the logits
  double sum;     ///< of the logits
};
RowStatistics row_statistics(const float* logits, std::int64_t size);

/// Replaces z by exp(z - maximum) and returns their sum. The relative error is below 2e-7 per element;
/// elements below exp(-87), the smallest normal numbers, become 0.
double exponentiate_row(float* logits, std::int64_t size, float maximum);

/// Replaces x by scale * x - shift.
void scale_and_shift_row(float* row, std::int64_t size, float scale, float shift);

}  // namespace ablate
