#pragma once
// Mean and spread of one figure over the seeds of a row. Plain numbers only: what counts as a result and what
// as a diverged run is decided in table.h.
#include <cstddef>
#include <optional>
#include <span>

namespace ablate::lab {

struct Statistics {
  std::size_t n = 0;
  std::optional<double> mean;  ///< none for n = 0
  std::optional<double> sd;    ///< sample standard deviation, in the unit of the values; none for n < 2
};

/// mean = sum(x) / n;  sd = sqrt(sum((x - mean)^2) / (n - 1)), the estimate for a sample (Bessel's
/// correction) and not the one for a whole population. In two passes, so that values far from zero keep their
/// spread. A NaN or an infinity among the values comes out as NaN or infinity.
Statistics statistics_of(std::span<const double> values);

}  // namespace ablate::lab
