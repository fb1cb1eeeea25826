#include "experiments/metrics/chrf.h"

#include <stdexcept>
#include <utility>

#include "experiments/metrics/ngrams.h"
#include "experiments/metrics/text.h"

namespace ablate::metrics {

namespace {

// What a missing precision or recall counts as under eps_smoothing.
constexpr double epsilon = 1e-16;

bool is_ascii_punctuation(char32_t c) {
  return (c >= U'!' && c <= U'/') || (c >= U':' && c <= U'@') || (c >= U'[' && c <= U'`') || (c >= U'{' && c <= U'~');
}

// Words with one punctuation mark taken off: the last character if it is one, else the first. `(so)` gives
// `(so` and `)`: the author's script does it that way, and figures depend on it.
std::vector<std::u32string_view> words_of(std::u32string_view text) {
  std::vector<std::u32string_view> words;
  for (std::u32string_view word : split(text)) {
    std::size_t cut = 0;
    if (word.size() > 1 && is_ascii_punctuation(word.back())) {
      cut = word.size() - 1;
    } else if (word.size() > 1 && is_ascii_punctuation(word.front())) {
      cut = 1;
    }
    if (cut > 0) words.push_back(word.substr(0, cut));
    words.push_back(word.substr(cut));
  }
  return words;
}

std::u32string without_spaces(std::u32string_view text) {
  std::u32string result;
  result.reserve(text.size());
  for (char32_t c : text) {
    if (!is_space(c)) result.push_back(c);
  }
  return result;
}

// The two sequences of one line whose n-grams are counted.
struct Sequences {
  std::u32string characters;
  std::u32string words;
};

Sequences sequences_of(std::string_view line, const ChrfOptions& options, WordNumbers& numbers) {
  const std::u32string text = decode_utf8(options.lowercase ? lower_case(line) : std::string(line));
  Sequences sequences;
  sequences.characters = options.whitespace ? text : without_spaces(text);
  if (options.word_order > 0) sequences.words = numbers.number(words_of(text));
  return sequences;
}

// The n-grams of one order and how many there are, repetitions included.
struct OrderCounts {
  NgramCounts counts;
  std::int64_t total;
};

// One element per order, characters first. Looks into the sequences.
std::vector<OrderCounts> count_orders(const Sequences& sequences, const ChrfOptions& options) {
  std::vector<OrderCounts> orders;
  const auto count = [&](std::u32string_view symbols, int highest) {
    for (std::size_t n = 1; n <= static_cast<std::size_t>(highest); ++n) {
      orders.push_back({count_ngrams(symbols, n), ngram_total(symbols.size(), n)});
    }
  };
  count(sequences.characters, options.char_order);
  count(sequences.words, options.word_order);
  return orders;
}

ChrfStatistics compare(const std::vector<OrderCounts>& hypothesis, const std::vector<OrderCounts>& reference) {
  ChrfStatistics statistics;
  for (std::size_t n = 0; n < hypothesis.size(); ++n) {
    const std::int64_t total = reference[n].total > 0 ? hypothesis[n].total : 0;
    statistics.orders.push_back({total, reference[n].total, count_matches(hypothesis[n].counts, reference[n].counts)});
  }
  return statistics;
}

double mean_of_scores(const ChrfStatistics& statistics, double factor) {
  double sum = 0;
  for (const NgramMatches& order : statistics.orders) {
    const auto matched = static_cast<double>(order.matched);
    const double precision = order.hypothesis > 0 ? matched / static_cast<double>(order.hypothesis) : epsilon;
    const double recall = order.reference > 0 ? matched / static_cast<double>(order.reference) : epsilon;
    const double denominator = factor * precision + recall;
    sum += denominator > 0 ? (1 + factor) * precision * recall / denominator : epsilon;
  }
  return 100 * sum / static_cast<double>(statistics.orders.size());
}

double score_of_means(const ChrfStatistics& statistics, double factor) {
  double precision = 0;
  double recall = 0;
  int effective_order = 0;
  for (const NgramMatches& order : statistics.orders) {
    if (order.hypothesis == 0 || order.reference == 0) continue;
    precision += static_cast<double>(order.matched) / static_cast<double>(order.hypothesis);
    recall += static_cast<double>(order.matched) / static_cast<double>(order.reference);
    ++effective_order;
  }
  if (precision + recall == 0) return 0;
  precision /= effective_order;
  recall /= effective_order;
  return 100 * (1 + factor) * precision * recall / (factor * precision + recall);
}

}  // namespace

ChrfStatistics& ChrfStatistics::operator+=(const ChrfStatistics& other) {
  if (other.orders.empty()) return *this;
  if (orders.empty()) orders.resize(other.orders.size());
  if (orders.size() != other.orders.size()) {
    throw std::invalid_argument("chrF: statistics of " + std::to_string(orders.size()) + " and of " +
                                std::to_string(other.orders.size()) + " n-gram orders cannot be added");
  }
  for (std::size_t n = 0; n < orders.size(); ++n) {
    orders[n].hypothesis += other.orders[n].hypothesis;
    orders[n].reference += other.orders[n].reference;
    orders[n].matched += other.orders[n].matched;
  }
  return *this;
}

void check_options(const ChrfOptions& options) {
  if (options.char_order < 0 || options.word_order < 0 || options.beta < 0) {
    throw std::invalid_argument("chrF: char_order, word_order and beta must be 0 or more, not " +
                                std::to_string(options.char_order) + ", " + std::to_string(options.word_order) +
                                " and " + std::to_string(options.beta));
  }
  if (options.char_order > chrf_highest_order || options.word_order > chrf_highest_order) {
    throw std::invalid_argument("chrF: char_order and word_order must be " + std::to_string(chrf_highest_order) +
                                " or less, not " + std::to_string(options.char_order) + " and " +
                                std::to_string(options.word_order));
  }
  if (options.char_order + options.word_order == 0) {
    throw std::invalid_argument("chrF: char_order and word_order are both 0; there is nothing to count");
  }
}

ChrfStatistics chrf_statistics(std::string_view hypothesis, const Lines& references, const ChrfOptions& options) {
  check_options(options);
  if (references.empty()) throw std::invalid_argument("chrF: there is no reference to score against");
  WordNumbers numbers;
  const Sequences sequences = sequences_of(hypothesis, options, numbers);
  const std::vector<OrderCounts> counts = count_orders(sequences, options);

  ChrfStatistics best;
  double best_score = -1;
  for (const std::string& line : references) {
    const Sequences reference = sequences_of(line, options, numbers);
    ChrfStatistics statistics = compare(counts, count_orders(reference, options));
    const double score = chrf_score(statistics, options);
    if (score > best_score) {
      best_score = score;
      best = std::move(statistics);
    }
  }
  return best;
}

std::vector<ChrfStatistics> chrf_statistics(const Lines& hypotheses, const References& references,
                                            const ChrfOptions& options) {
  check_options(options);
  check_corpus(hypotheses, references);
  std::vector<ChrfStatistics> statistics;
  statistics.reserve(hypotheses.size());
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    statistics.push_back(chrf_statistics(hypotheses[i], references_of_line(references, i), options));
  }
  return statistics;
}

double chrf_score(const ChrfStatistics& statistics, const ChrfOptions& options) {
  check_options(options);
  if (statistics.orders.empty()) return 0;
  const double factor = static_cast<double>(options.beta) * options.beta;
  return options.eps_smoothing ? mean_of_scores(statistics, factor) : score_of_means(statistics, factor);
}

double corpus_chrf(const Lines& hypotheses, const References& references, const ChrfOptions& options) {
  ChrfStatistics sum;
  for (const ChrfStatistics& sentence : chrf_statistics(hypotheses, references, options)) sum += sentence;
  return chrf_score(sum, options);
}

std::string chrf_name(const ChrfOptions& options) {
  const std::string pluses(static_cast<std::size_t>(options.word_order), '+');
  return "chrF" + std::to_string(options.beta) + pluses;
}

std::string chrf_signature(const ChrfOptions& options, std::size_t references) {
  check_options(options);
  std::string pairs = options.eps_smoothing ? "eff:no" : "eff:yes";
  pairs += "|nc:" + std::to_string(options.char_order) + "|nw:" + std::to_string(options.word_order);
  pairs += options.whitespace ? "|space:yes" : "|space:no";
  return make_signature(references, options.lowercase, pairs);
}

Score chrf_report(double score, const ChrfOptions& options, std::size_t references) {
  return make_score(chrf_name(options), score, chrf_signature(options, references));
}

}  // namespace ablate::metrics
