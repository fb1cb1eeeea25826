#include "experiments/lab/statistics.h"

#include <cmath>

namespace ablate::lab {

Statistics statistics_of(std::span<const double> values) {
  Statistics result;
  result.n = values.size();
  if (values.empty()) return result;

  const auto n = static_cast<long double>(values.size());
  long double sum = 0;
  for (const double value : values) sum += value;
  const long double mean = sum / n;
  result.mean = static_cast<double>(mean);
  if (values.size() < 2) return result;

  long double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  result.sd = static_cast<double>(std::sqrt(squares / (n - 1)));
  return result;
}

}  // namespace ablate::lab
