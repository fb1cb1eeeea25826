#pragma once
// Student's t distribution (Student 1908), which means of few seeds follow.

namespace ablate::lab {

/// The regularised incomplete beta function I_x(a, b) for a, b > 0 and 0 <= x <= 1, to about 1e-14 (continued fraction
/// of Abramowitz & Stegun 1964, 26.5.8).
double incomplete_beta(double a, double b, double x);

/// P(|T| > |t|), two-sided, with `df` > 0 degrees of freedom, not necessarily a whole number.
double student_t_two_sided(double t, double df);

/// The t with P(T <= t) = probability, 0 < probability < 1.
double student_t_quantile(double probability, double df);

}  // namespace ablate::lab
