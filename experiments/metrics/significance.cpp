#include "experiments/metrics/significance.h"

#include <cmath>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace ablate::metrics {

namespace {

void add(std::span<double> sums, std::span<const double> values) {
  for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += values[k];
}

void check_pair(const SentenceStatistics& a, const SentenceStatistics& b) {
  if (a.size() == 0) throw std::invalid_argument("significance: there are no sentences to compare");
  if (a.width != b.width || a.size() != b.size()) {
    throw std::invalid_argument("significance: the systems have " + std::to_string(a.size()) + " and " +
                                std::to_string(b.size()) +
                                " sentences, or counts of different metrics; both must have the same");
  }
}

double difference(const SentenceStatistics& a, std::span<const double> sums_a, std::span<const double> sums_b) {
  return std::abs(a.score(sums_a) - a.score(sums_b));
}

// Sums in another order round in another way: two figures that differ by less are the same.
constexpr double rounding = 1e-9;

// The one is added so that the chance of a false alarm is no greater than the level of the test.
double p_value(std::span<const double> differences, double shift, double real) {
  std::size_t as_great = 0;
  for (const double value : differences) as_great += value - shift >= real - rounding ? 1 : 0;
  return static_cast<double>(as_great + 1) / static_cast<double>(differences.size() + 1);
}

}  // namespace

double SentenceStatistics::corpus_score() const {
  std::vector<double> sums(width);
  for (std::size_t i = 0; i < size(); ++i) add(sums, of(i));
  return score(sums);
}

SentenceStatistics mean_of_outputs(const std::vector<SentenceStatistics>& outputs) {
  if (outputs.empty()) throw std::invalid_argument("significance: there are no outputs");
  for (const SentenceStatistics& one : outputs) check_pair(outputs.front(), one);
  const std::size_t width = outputs.front().width, count = outputs.size();
  SentenceStatistics joined{width * count, {}, {}};
  for (std::size_t sentence = 0; sentence < outputs.front().size(); ++sentence) {
    for (const SentenceStatistics& one : outputs) {
      joined.values.insert(joined.values.end(), one.of(sentence).begin(), one.of(sentence).end());
    }
  }
  joined.score = [width, count, score = outputs.front().score](std::span<const double> sums) {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += score(sums.subspan(i * width, width));
    return sum / static_cast<double>(count);
  };
  return joined;
}

Draw uniform_draws(std::uint64_t seed, std::uint32_t below) {
  // The engine's numbers are fixed by the standard, the distributions' are not.
  const auto engine = std::make_shared<std::mt19937_64>(seed);
  return [engine, below](std::span<std::uint32_t> numbers) {
    for (std::uint32_t& number : numbers) number = static_cast<std::uint32_t>(((*engine)() >> 32) * below >> 32);
  };
}

double paired_bootstrap(const SentenceStatistics& a, const SentenceStatistics& b, std::size_t samples,
                        const Draw& draw) {
  check_pair(a, b);
  std::vector<std::uint32_t> chosen(a.size());
  std::vector<double> differences(samples);
  double sum = 0;
  for (double& found : differences) {
    draw(chosen);
    std::vector<double> sums_a(a.width), sums_b(a.width);
    for (const std::uint32_t sentence : chosen) {
      add(sums_a, a.of(sentence));
      add(sums_b, b.of(sentence));
    }
    found = difference(a, sums_a, sums_b);
    sum += found;
  }
  return p_value(differences, sum / static_cast<double>(samples), std::abs(a.corpus_score() - b.corpus_score()));
}

double approximate_randomization(const SentenceStatistics& a, const SentenceStatistics& b, std::size_t samples,
                                 const Draw& draw) {
  check_pair(a, b);
  std::vector<std::uint32_t> exchanged(a.size());
  std::vector<double> differences(samples);
  for (double& found : differences) {
    draw(exchanged);
    std::vector<double> sums_a(a.width), sums_b(a.width);
    for (std::size_t i = 0; i < exchanged.size(); ++i) {
      add(sums_a, exchanged[i] != 0 ? b.of(i) : a.of(i));
      add(sums_b, exchanged[i] != 0 ? a.of(i) : b.of(i));
    }
    found = difference(a, sums_a, sums_b);
  }
  return p_value(differences, 0, std::abs(a.corpus_score() - b.corpus_score()));
}

}  // namespace ablate::metrics
