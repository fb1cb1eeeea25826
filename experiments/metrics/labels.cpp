#include "experiments/metrics/labels.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <unordered_map>

namespace ablate::metrics {
namespace {

void check_labels(const Lines& hypotheses, const References& references) {
  check_corpus(hypotheses, references);
  if (references.size() == 1) return;
  throw std::invalid_argument("labels have one reference for a line, not " + std::to_string(references.size()));
}

// The numbers of classes from 0 in the order in which the references name them; what they do not name is the last.
class ClassNumbers {
 public:
  explicit ClassNumbers(const Lines& references) {
    for (const std::string& line : references) numbers_.try_emplace(line, numbers_.size());
  }
  std::size_t of(const std::string& line) const {
    const auto found = numbers_.find(line);
    return found != numbers_.end() ? found->second : numbers_.size();
  }
  std::size_t size() const { return numbers_.size(); }

 private:
  std::unordered_map<std::string, std::size_t> numbers_;
};

std::vector<double> numbers_in(const Lines& lines) {
  std::vector<double> numbers;
  for (const std::string& line : lines) {
    const char* const end = line.data() + line.size();
    const auto [stop, error] = std::from_chars(line.data(), end, numbers.emplace_back());
    if (error == std::errc() && stop == end && std::isfinite(numbers.back())) continue;
    throw std::invalid_argument("line " + std::to_string(numbers.size()) + ": '" + line + "' is no number");
  }
  return numbers;
}

// 1 for the smallest; equal ones share the mean of their ranks.
std::vector<double> ranks_of(const std::vector<double>& numbers) {
  std::vector<std::size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return numbers[a] < numbers[b]; });
  std::vector<double> ranks(numbers.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last + 1 < order.size() && numbers[order[last + 1]] == numbers[order[first]]) ++last;
    for (std::size_t i = first; i <= last; ++i) ranks[order[i]] = static_cast<double>(first + last) / 2 + 1;
    first = last + 1;
  }
  return ranks;
}

// Of equal numbers it is exactly theirs, so that they have no spread.
double mean_of(const std::vector<double>& numbers) {
  const auto [least, most] = std::ranges::minmax(numbers);
  if (least == most) return least;
  return std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
}

SentenceStatistics correlation(const std::vector<double>& x, const std::vector<double>& y) {
  SentenceStatistics sentences{6, {}, {}};
  // About a middle, so that the differences of squares below keep their digits.
  const double middle_x = mean_of(x), middle_y = mean_of(y);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double a = x[i] - middle_x, b = y[i] - middle_y;
    for (const double value : {1.0, a, b, a * a, b * b, a * b}) sentences.values.push_back(value);
  }
  sentences.score = [](std::span<const double> sums) {
    const double n = sums[0];
    const double spread_x = n * sums[3] - sums[1] * sums[1], spread_y = n * sums[4] - sums[2] * sums[2];
    if (spread_x <= 0 || spread_y <= 0) return 0.0;
    return 100 * (n * sums[5] - sums[1] * sums[2]) / std::sqrt(spread_x * spread_y);
  };
  return sentences;
}

}  // namespace

SentenceStatistics macro_f1_statistics(const Lines& hypotheses, const References& references) {
  check_labels(hypotheses, references);
  const ClassNumbers classes(references.front());
  const std::size_t width = 3 * classes.size();  // tp, fp, fn of every class
  SentenceStatistics sentences{width, std::vector<double>(hypotheses.size() * width, 0), {}};
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    double* const counts = sentences.values.data() + i * width;
    const std::size_t said = classes.of(hypotheses[i]), wanted = classes.of(references.front()[i]);
    if (said == wanted) {
      counts[3 * wanted] = 1;
      continue;
    }
    if (said < classes.size()) counts[3 * said + 1] = 1;
    counts[3 * wanted + 2] = 1;
  }
  sentences.score = [](std::span<const double> sums) {
    double sum = 0;
    int seen = 0;
    for (std::size_t k = 0; k < sums.size(); k += 3) {
      const double tp = sums[k], wrong = sums[k + 1] + sums[k + 2];
      // A resample may lack a class altogether.
      if (tp + wrong == 0) continue;
      sum += 2 * tp / (2 * tp + wrong);
      ++seen;
    }
    return seen == 0 ? 0 : 100 * sum / seen;
  };
  return sentences;
}

SentenceStatistics matthews_statistics(const Lines& hypotheses, const References& references) {
  check_labels(hypotheses, references);
  const ClassNumbers classes(references.front());
  const std::size_t kinds = classes.size() + 1;  // with that of all foreign ones
  const std::size_t width = 2 * kinds + 2;       // t_k, p_k, c, s
  SentenceStatistics sentences{width, std::vector<double>(hypotheses.size() * width, 0), {}};
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    double* const counts = sentences.values.data() + i * width;
    const std::size_t said = classes.of(hypotheses[i]), wanted = classes.of(references.front()[i]);
    counts[wanted] = 1;
    counts[kinds + said] = 1;
    counts[2 * kinds] = said == wanted ? 1 : 0;
    counts[2 * kinds + 1] = 1;
  }
  sentences.score = [kinds](std::span<const double> sums) {
    double both = 0, true_squares = 0, said_squares = 0;
    for (std::size_t k = 0; k < kinds; ++k) {
      both += sums[k] * sums[kinds + k];
      true_squares += sums[k] * sums[k];
      said_squares += sums[kinds + k] * sums[kinds + k];
    }
    const double correct = sums[2 * kinds], all = sums[2 * kinds + 1];
    const double spread = (all * all - said_squares) * (all * all - true_squares);
    return spread <= 0 ? 0 : 100 * (correct * all - both) / std::sqrt(spread);
  };
  return sentences;
}

SentenceStatistics pearson_statistics(const Lines& hypotheses, const References& references) {
  check_labels(hypotheses, references);
  return correlation(numbers_in(hypotheses), numbers_in(references.front()));
}

SentenceStatistics spearman_statistics(const Lines& hypotheses, const References& references) {
  check_labels(hypotheses, references);
  return correlation(ranks_of(numbers_in(hypotheses)), ranks_of(numbers_in(references.front())));
}

}  // namespace ablate::metrics
