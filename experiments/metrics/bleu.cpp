#include "experiments/metrics/bleu.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

#include "experiments/metrics/ngrams.h"
#include "experiments/metrics/text.h"

namespace ablate::metrics {

namespace {

// Stands in for log 0, so that one order without a match (and without smoothing) makes the score 0.
constexpr double log_of_zero = -9999999999.0;

const SmoothingRow& row_of(Smoothing smoothing) {
  const auto* row = std::find_if(smoothings.begin(), smoothings.end(),
                                 [&](const SmoothingRow& candidate) { return candidate.value == smoothing; });
  if (row == smoothings.end()) throw std::invalid_argument("BLEU: there is no such smoothing method");
  return *row;
}

// The value that the method works with; 0 for the methods without one.
double smooth_value(const BleuOptions& options) {
  check_options(options);
  return options.smooth_value.value_or(row_of(options.smooth_method).default_value.value_or(0));
}

std::vector<std::u32string> tokens_of(std::string_view line, const BleuOptions& options) {
  const std::u32string text = decode_utf8(options.lowercase ? lower_case(line) : std::string(line));
  return tokenize(strip_right(text), options.tokenize);
}

// The length nearest to the hypothesis's; of two equally near, the shorter.
std::int64_t nearest_length(std::int64_t hyp_len, const std::vector<std::u32string>& references) {
  std::int64_t nearest = static_cast<std::int64_t>(references.front().size());
  for (const std::u32string& reference : references) {
    const auto length = static_cast<std::int64_t>(reference.size());
    const std::int64_t distance = std::abs(length - hyp_len);
    const std::int64_t best = std::abs(nearest - hyp_len);
    if (distance < best || (distance == best && length < nearest)) nearest = length;
  }
  return nearest;
}

// For each n-gram the largest count that any one reference has.
NgramCounts largest_counts(const std::vector<std::u32string>& references, std::size_t n) {
  NgramCounts largest = count_ngrams(references.front(), n);
  for (std::size_t r = 1; r < references.size(); ++r) {
    for (const auto& [ngram, count] : count_ngrams(references[r], n)) {
      std::int64_t& so_far = largest[ngram];
      so_far = std::max(so_far, count);
    }
  }
  return largest;
}

double brevity_penalty(const BleuStatistics& statistics) {
  if (statistics.hyp_len >= statistics.ref_len) return 1;
  if (statistics.hyp_len == 0) return 0;
  return std::exp(1 - static_cast<double>(statistics.ref_len) / static_cast<double>(statistics.hyp_len));
}

// Smoothed precisions in percent. Returns the number of orders that the hypothesis has n-grams for.
std::size_t fill_precisions(const BleuStatistics& statistics, const BleuOptions& options, BleuScore& score) {
  const double value = smooth_value(options);
  double halvings = 1;
  for (std::size_t n = 0; n < bleu_order; ++n) {
    const double added = options.smooth_method == Smoothing::add_k && n > 0 ? value : 0;
    const double correct = static_cast<double>(statistics.correct[n]) + added;
    const double total = static_cast<double>(statistics.total[n]) + added;
    if (total == 0) return n;
    if (correct > 0) {
      score.precisions[n] = 100 * correct / total;
    } else if (options.smooth_method == Smoothing::exp) {
      halvings *= 2;
      score.precisions[n] = 100 / (halvings * total);
    } else if (options.smooth_method == Smoothing::floor) {
      score.precisions[n] = 100 * value / total;
    }
  }
  return bleu_order;
}

}  // namespace

BleuStatistics& BleuStatistics::operator+=(const BleuStatistics& other) {
  for (std::size_t n = 0; n < bleu_order; ++n) {
    correct[n] += other.correct[n];
    total[n] += other.total[n];
  }
  hyp_len += other.hyp_len;
  ref_len += other.ref_len;
  return *this;
}

std::string BleuScore::format() const {
  std::string text;
  for (double precision : precisions) text += (text.empty() ? "" : "/") + fixed(precision, 1);
  const double ratio = ref_len > 0 ? static_cast<double>(hyp_len) / static_cast<double>(ref_len) : 0;
  text += " (BP = " + fixed(brevity_penalty, 3) + " ratio = " + fixed(ratio, 3);
  return text + " hyp_len = " + std::to_string(hyp_len) + " ref_len = " + std::to_string(ref_len) + ")";
}

void check_options(const BleuOptions& options) {
  if (!options.smooth_value) return;
  const SmoothingRow& row = row_of(options.smooth_method);
  if (!row.default_value) {
    throw std::invalid_argument("BLEU: smooth_value has no effect with smoothing method '" + std::string(row.name) +
                                "'; it belongs to floor and add-k");
  }
  if (!std::isfinite(*options.smooth_value) || *options.smooth_value < 0) {
    throw std::invalid_argument("BLEU: smooth_value is " + std::to_string(*options.smooth_value) +
                                "; it must be a finite number, 0 or more");
  }
}

BleuStatistics bleu_statistics(std::string_view hypothesis, const Lines& references, const BleuOptions& options) {
  if (references.empty()) throw std::invalid_argument("BLEU: there is no reference to score against");
  WordNumbers numbers;
  const std::u32string words = numbers.number(tokens_of(hypothesis, options));
  std::vector<std::u32string> reference_words;
  for (const std::string& line : references) {
    reference_words.push_back(numbers.number(tokens_of(line, options)));
  }

  BleuStatistics statistics;
  statistics.hyp_len = static_cast<std::int64_t>(words.size());
  statistics.ref_len = nearest_length(statistics.hyp_len, reference_words);
  for (std::size_t n = 1; n <= bleu_order; ++n) {
    statistics.total[n - 1] = ngram_total(words.size(), n);
    statistics.correct[n - 1] = count_matches(count_ngrams(words, n), largest_counts(reference_words, n));
  }
  return statistics;
}

std::vector<BleuStatistics> bleu_statistics(const Lines& hypotheses, const References& references,
                                            const BleuOptions& options) {
  check_corpus(hypotheses, references);
  std::vector<BleuStatistics> statistics;
  statistics.reserve(hypotheses.size());
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    statistics.push_back(bleu_statistics(hypotheses[i], references_of_line(references, i), options));
  }
  return statistics;
}

BleuScore bleu_score(const BleuStatistics& statistics, const BleuOptions& options) {
  check_options(options);
  BleuScore score;
  score.hyp_len = statistics.hyp_len;
  score.ref_len = statistics.ref_len;
  score.brevity_penalty = brevity_penalty(statistics);
  // Without a single match no smoothing is applied: the score is 0, not a small number.
  if (statistics.correct == decltype(statistics.correct){}) return score;
  const std::size_t present = fill_precisions(statistics, options, score);
  const std::size_t order = options.effective_order ? present : bleu_order;
  double sum = 0;
  for (std::size_t n = 0; n < order; ++n) {
    sum += score.precisions[n] > 0 ? std::log(score.precisions[n]) : log_of_zero;
  }
  score.value = score.brevity_penalty * std::exp(sum / static_cast<double>(order));
  return score;
}

BleuScore corpus_bleu(const Lines& hypotheses, const References& references, const BleuOptions& options) {
  BleuStatistics sum;
  for (const BleuStatistics& sentence : bleu_statistics(hypotheses, references, options)) sum += sentence;
  return bleu_score(sum, options);
}

std::string bleu_signature(const BleuOptions& options, std::size_t references) {
  const SmoothingRow& row = row_of(options.smooth_method);
  std::string pairs = options.effective_order ? "eff:yes" : "eff:no";
  pairs.append("|tok:").append(name_of(options.tokenize)).append("|smooth:").append(row.name);
  if (row.default_value) pairs += "[" + fixed(smooth_value(options), 2) + "]";
  return make_signature(references, options.lowercase, pairs);
}

Score bleu_report(const BleuScore& score, const BleuOptions& options, std::size_t references) {
  return make_score("BLEU", score.value, bleu_signature(options, references), score.format());
}

}  // namespace ablate::metrics
