// chrF (Popović 2015, "chrF: character n-gram F-score for automatic MT evaluation") and chrF++ (Popović
// 2017, "chrF++: words helping character n-grams"), the same figure as sacreBLEU 2 gives for the same
// options.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/metrics/corpus.h"
#include "experiments/metrics/signature.h"

namespace ablate::metrics {

inline constexpr int chrf_highest_order = 100;

struct ChrfOptions {
  int char_order = 6;
  int word_order = 0;  // 2 makes it chrF++
  int beta = 2;        // recall counts beta times as much as precision
  bool lowercase = false;
  bool whitespace = false;     // count white space as characters, that at the end of a line included
  bool eps_smoothing = false;  // mean of F over all orders, as the author's script has it, where otherwise
                               // precision and recall are averaged over the orders that both sides have
};

// The counts of one n-gram order.
struct NgramMatches {
  std::int64_t hypothesis = 0;  // n-grams of the hypothesis; 0 where the reference has none of this order
  std::int64_t reference = 0;
  std::int64_t matched = 0;

  bool operator==(const NgramMatches&) const = default;
};

// Sufficient statistics, character orders first: those of a corpus are the sum of those of its sentences.
// Default-constructed ones are the zero of that sum, whatever the orders.
struct ChrfStatistics {
  std::vector<NgramMatches> orders;

  // Throws std::invalid_argument where both sides have orders and not the same number of them.
  ChrfStatistics& operator+=(const ChrfStatistics& other);
  bool operator==(const ChrfStatistics&) const = default;
};

// Throws std::invalid_argument for a negative beta, an order outside 0 … 100, and where both orders are 0.
void check_options(const ChrfOptions& options);

// One sentence against the reference that gives it the best F (the first of equals). Throws
// std::invalid_argument for invalid UTF-8, for no reference, and as check_options does.
ChrfStatistics chrf_statistics(std::string_view hypothesis, const Lines& references, const ChrfOptions& options);

// Every sentence of a corpus, in order. Throws as check_corpus and check_options do.
std::vector<ChrfStatistics> chrf_statistics(const Lines& hypotheses, const References& references,
                                            const ChrfOptions& options);

// F_beta = (1 + beta^2) P R / (beta^2 P + R) in percent, of summed statistics.
double chrf_score(const ChrfStatistics& statistics, const ChrfOptions& options);

// A whole corpus: statistics, sum, score.
double corpus_chrf(const Lines& hypotheses, const References& references, const ChrfOptions& options = {});

// `chrF2`, and a `+` for each order of words.
std::string chrf_name(const ChrfOptions& options);

// `nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:...`; beta is in the name, as it is in sacreBLEU.
std::string chrf_signature(const ChrfOptions& options, std::size_t references);

// The figure with its name, signature and line.
Score chrf_report(double score, const ChrfOptions& options, std::size_t references);

}  // namespace ablate::metrics
