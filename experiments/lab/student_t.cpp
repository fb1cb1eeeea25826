#include "experiments/lab/student_t.h"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace ablate::lab {
namespace {

/// The continued fraction of I_x(a, b), by the algorithm of Lentz, which never divides by zero.
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300, precision = 1e-16;
  const auto bounded = [](double y) { return std::abs(y) < tiny ? tiny : y; };
  double c = 1, d = 1 / bounded(1 - (a + b) * x / (a + 1)), fraction = d;
  for (int m = 1; m < 10000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / bounded(1 + even * d);
    c = bounded(1 + even / c);
    fraction *= c * d;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / bounded(1 + odd * d);
    c = bounded(1 + odd / c);
    fraction *= c * d;
    if (std::abs(c * d - 1) < precision) break;
  }
  return fraction;
}

}  // namespace

double incomplete_beta(double a, double b, double x) {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) throw std::invalid_argument("incomplete_beta: outside its domain");
  if (x == 0 || x == 1) return x;
  const double log_front = std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x);
  // On the other side of the mean the fraction converges slowly, and the function's symmetry helps.
  if (x > (a + 1) / (a + b + 2)) return 1 - std::exp(log_front) * beta_fraction(b, a, 1 - x) / b;
  return std::exp(log_front) * beta_fraction(a, b, x) / a;
}

double student_t_two_sided(double t, double df) {
  if (!(df > 0)) throw std::invalid_argument("student_t: degrees of freedom must be positive");
  if (std::isnan(t)) return t;
  if (std::isinf(t)) return 0;
  return incomplete_beta(df / 2, 0.5, df / (df + t * t));
}

double student_t_quantile(double probability, double df) {
  if (!(probability > 0 && probability < 1)) throw std::invalid_argument("student_t: a probability lies inside (0, 1)");
  if (probability == 0.5) return 0;
  const double tail = 2 * std::fmin(probability, 1 - probability);
  double low = 0, high = 1;
  while (student_t_two_sided(high, df) > tail && high < std::numeric_limits<double>::max() / 4) high *= 2;
  while (true) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (student_t_two_sided(middle, df) > tail ? low : high) = middle;
  }
  return probability < 0.5 ? -high : high;
}

}  // namespace ablate::lab
