// The few statistics that the page works out by itself: means over seeds and Welch's interval of a difference.
(function (Report) {
  'use strict';

  const statistics = {};

  /// {n, mean, sd} of finite values; mean and sd are null where there are too few.
  statistics.summary = function (values) {
    const finite = values.filter(Report.format.isNumber);
    const n = finite.length;
    if (n === 0) return {n, mean: null, sd: null};
    const mean = finite.reduce((sum, value) => sum + value, 0) / n;
    if (n === 1) return {n, mean, sd: null};
    const squares = finite.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return {n, mean, sd: Math.sqrt(squares / (n - 1))};
  };

  /// ln Γ(x) for x > 0, after Lanczos (g = 5, six terms).
  function logGamma(x) {
    const terms = [76.18009172947146, -86.50532032941677, 24.01409824083091, -1.231739572450155,
                   0.1208650973866179e-2, -0.5395239384953e-5];
    const shifted = x + 5.5;
    let sum = 1.000000000190015;
    terms.forEach((term, i) => {
      sum += term / (x + 1 + i);
    });
    return (x + 0.5) * Math.log(shifted) - shifted + Math.log((2.5066282746310005 * sum) / x);
  }

  /// The continued fraction of the incomplete beta function, by Lentz's method.
  function betaFraction(a, b, x) {
    const tiny = 1e-300;
    const safe = (value) => (Math.abs(value) < tiny ? tiny : value);
    let c = 1;
    let d = 1 / safe(1 - ((a + b) * x) / (a + 1));
    let result = d;
    for (let m = 1; m <= 300; ++m) {
      const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
      d = 1 / safe(1 + even * d);
      c = safe(1 + even / c);
      result *= d * c;
      const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
      d = 1 / safe(1 + odd * d);
      c = safe(1 + odd / c);
      result *= d * c;
      if (Math.abs(d * c - 1) < 1e-14) break;
    }
    return result;
  }

  function incompleteBeta(a, b, x) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x));
    return x < (a + 1) / (a + b + 2) ? (front * betaFraction(a, b, x)) / a
                                     : 1 - (front * betaFraction(b, a, 1 - x)) / b;
  }

  /// t for which a variable of Student's distribution lies in [-t, t] with the probability `inside`.
  statistics.studentQuantile = function (inside, freedom) {
    const outside = (t) => incompleteBeta(freedom / 2, 0.5, freedom / (freedom + t * t));
    let low = 0;
    let high = 1;
    while (outside(high) > 1 - inside && high < 1e9) high *= 2;
    for (let i = 0; i < 100; ++i) {
      const middle = (low + high) / 2;
      if (outside(middle) > 1 - inside) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  };

  /// Half the width of Welch's 95 % interval of mean(a) - mean(b); null unless both have two values or more.
  statistics.welchHalfWidth = function (a, b) {
    const one = statistics.summary(a);
    const two = statistics.summary(b);
    if (one.n < 2 || two.n < 2) return null;
    const u = (one.sd * one.sd) / one.n;
    const v = (two.sd * two.sd) / two.n;
    if (u + v === 0) return 0;
    const freedom = (u + v) ** 2 / ((u * u) / (one.n - 1) + (v * v) / (two.n - 1));
    return statistics.studentQuantile(0.95, freedom) * Math.sqrt(u + v);
  };

  Report.statistics = statistics;
})(window.Report = window.Report || {});
