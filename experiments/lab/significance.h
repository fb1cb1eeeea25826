#pragma once
// What can be said of a difference between rows that were trained with several seeds each, and of several differences
// at once.
#include "experiments/lab/statistics.h"

#include <cstdint>
#include <vector>

namespace ablate::lab {

/// Half the width of the interval that holds the mean with probability `level`:
/// t_{(1 + level) / 2, n - 1} sd / sqrt(n). None for n < 2.
std::optional<double> confidence_half_width(const Statistics& row, double level = 0.95);

struct WelchTest {
  double t, df, p;  ///< two-sided
};

/// Whether two rows' means differ, their variances being free to differ too (Welch 1947): t = (m_a - m_b) /
/// sqrt(s_a^2 / n_a + s_b^2 / n_b), with the degrees of freedom of Welch and Satterthwaite. None unless both have two
/// seeds. Without any spread p is 0 if the means differ, else 1.
std::optional<WelchTest> welch_test(const Statistics& a, const Statistics& b);

/// p-values of one family, corrected so that the chance of any false alarm is at most the level: Bonferroni 1936 (p m);
/// Holm 1979 (p_(i) (m - i + 1), never falling). In the order given, at most 1.
std::vector<double> bonferroni(const std::vector<double>& p);
std::vector<double> holm(const std::vector<double>& p);

/// The least number of seeds of each of two rows with which Welch's test at 1 - `level` finds a true difference with
/// probability `power`, both rows having the standard deviation `sd`: n >= 2 (t_{(1 + level) / 2} + t_power)^2 sd^2 /
/// difference^2 with 2 n - 2 degrees of freedom, at least 2 (Cohen 1988, section 2.4). difference > 0.
std::int64_t seeds_needed(double sd, double difference, double level = 0.95, double power = 0.8);

}  // namespace ablate::lab
