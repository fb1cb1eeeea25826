#include "experiments/lab/significance.h"

#include "experiments/lab/student_t.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace ablate::lab {

std::optional<double> confidence_half_width(const Statistics& row, double level) {
  if (!row.sd) return std::nullopt;
  const auto n = static_cast<double>(row.n);
  return student_t_quantile((1 + level) / 2, n - 1) * *row.sd / std::sqrt(n);
}

std::optional<WelchTest> welch_test(const Statistics& a, const Statistics& b) {
  if (!a.sd || !b.sd) return std::nullopt;
  const auto n_a = static_cast<double>(a.n), n_b = static_cast<double>(b.n);
  const double error_a = *a.sd * *a.sd / n_a, error_b = *b.sd * *b.sd / n_b, error = error_a + error_b;
  const double difference = *a.mean - *b.mean;
  if (error == 0) {
    const bool same = difference == 0;
    const double far = same ? 0 : std::copysign(std::numeric_limits<double>::infinity(), difference);
    return WelchTest{far, n_a + n_b - 2, same ? 1.0 : 0.0};
  }
  const double df = error * error / (error_a * error_a / (n_a - 1) + error_b * error_b / (n_b - 1));
  const double t = difference / std::sqrt(error);
  return WelchTest{t, df, student_t_two_sided(t, df)};
}

std::vector<double> bonferroni(const std::vector<double>& p) {
  std::vector<double> corrected;
  for (const double value : p) corrected.push_back(std::min(1.0, value * static_cast<double>(p.size())));
  return corrected;
}

std::vector<double> holm(const std::vector<double>& p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> corrected(p.size());
  double largest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, p[order[rank]] * static_cast<double>(p.size() - rank));
    corrected[order[rank]] = std::min(1.0, largest);
  }
  return corrected;
}

std::int64_t seeds_needed(double sd, double difference, double level, double power) {
  if (!(difference > 0 && sd >= 0)) throw std::invalid_argument("seeds_needed: a difference must be positive");
  for (std::int64_t n = 2;; ++n) {
    const auto df = static_cast<double>(2 * n - 2);
    const double reach = student_t_quantile((1 + level) / 2, df) + student_t_quantile(power, df);
    const double needed = 2 * reach * reach * sd * sd / (difference * difference);
    if (static_cast<double>(n) >= needed) return n;
    // The quantiles hardly change any more: from here on the answer can be read off.
    if (n >= 1000) return static_cast<std::int64_t>(std::ceil(needed));
  }
}

}  // namespace ablate::lab
