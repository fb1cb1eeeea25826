"""The interval of a difference between the means of two rows, from their seeds."""
import math
import statistics


def beta_fraction(a, b, x):
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    tiny = 1e-300
    c, d = 1.0, 1 / ((1 - (a + b) * x / (a + 1)) or tiny)
    result = d
    for m in range(1, 1000):
        for term in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                     -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d = 1 / ((1 + term * d) or tiny)
            c = (1 + term / c) or tiny
            result *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return result


def incomplete_beta(a, b, x):
    """I_x(a, b), regularised."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) * beta_fraction(a, b, x) / a


def t_quantile(probability, df):
    """Of Student's t, for a probability above one half."""
    low, high = 0.0, 1.0

    def upper_tail(t):
        return incomplete_beta(df / 2, 0.5, df / (df + t * t)) / 2

    while upper_tail(high) > 1 - probability:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if upper_tail(middle) > 1 - probability else (low, middle)
    return high


def welch_half_width(a, b, level=0.95):
    """Half the interval of mean(a) - mean(b) after Welch 1947; None where a side has fewer than two values. Without any
    spread it is 0."""
    if len(a) < 2 or len(b) < 2:
        return None
    shares = [statistics.variance(values) / len(values) for values in (a, b)]
    error = sum(shares)
    if error == 0:
        return 0.0
    df = error**2 / sum(share**2 / (len(values) - 1) for share, values in zip(shares, (a, b)))
    return t_quantile((1 + level) / 2, df) * math.sqrt(error)
