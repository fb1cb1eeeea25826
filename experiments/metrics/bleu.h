// BLEU (Papineni et al. 2002, "BLEU: a Method for Automatic Evaluation of Machine Translation"), the same
// figure as sacreBLEU 2 gives for the same options. Scores are computed from sums of per-sentence counts,
// which are public, so that tests of significance can resample sentences without counting again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/metrics/corpus.h"
#include "experiments/metrics/signature.h"
#include "experiments/metrics/tokenization.h"

namespace ablate::metrics {

inline constexpr std::size_t bleu_order = 4;

// What an n-gram order without a match counts as. Chen and Cherry 2014, "A Systematic Comparison of
// Smoothing Techniques for Sentence-Level BLEU", number them: floor is 1, add_k is 2, exp is 3 (mteval's
// own).
enum class Smoothing { none, floor, add_k, exp };

struct SmoothingRow {
  std::string_view name;  // as signatures write it
  std::string_view doc;
  Smoothing value;
  std::optional<double> default_value;  // empty: the method takes none
};

inline constexpr std::array<SmoothingRow, 4> smoothings{{
    {"exp", "the k-th order in a row without a match counts 1 / 2^k matches", Smoothing::exp, std::nullopt},
    {"floor", "an order without a match counts smooth_value matches", Smoothing::floor, 0.1},
    {"add-k", "smooth_value is added to matches and totals of every order above 1", Smoothing::add_k, 1.0},
    {"none", "an order without a match makes the score 0", Smoothing::none, std::nullopt},
}};

struct BleuOptions {
  Tokenization tokenize = Tokenization::mteval_13a;
  bool lowercase = false;
  bool effective_order = false;  // average over the orders that the hypothesis has; for single sentences
  Smoothing smooth_method = Smoothing::exp;
  std::optional<double> smooth_value;  // for floor and add_k; empty: the method's default
};

// Sufficient statistics: those of a corpus are the sum of those of its sentences.
struct BleuStatistics {
  std::array<std::int64_t, bleu_order> correct{};  // [n-1]: n-grams that match, clipped by the references
  std::array<std::int64_t, bleu_order> total{};    // [n-1]: n-grams of the hypothesis
  std::int64_t hyp_len = 0;                        // tokens
  std::int64_t ref_len = 0;                        // tokens of the reference nearest in length

  BleuStatistics& operator+=(const BleuStatistics& other);
  bool operator==(const BleuStatistics&) const = default;
};

struct BleuScore {
  double value = 0;                             // BP * exp(mean of log precisions), percent
  std::array<double, bleu_order> precisions{};  // percent, smoothed
  double brevity_penalty = 1;                   // exp(1 - ref_len / hyp_len), at most 1
  std::int64_t hyp_len = 0;
  std::int64_t ref_len = 0;

  // `60.0/50.0/40.0/30.0 (BP = 1.000 ratio = 1.000 hyp_len = 9 ref_len = 9)`
  std::string format() const;
};

// Throws std::invalid_argument where a smoothing value is negative, not finite, or given to a method
// without one.
void check_options(const BleuOptions& options);

// One sentence against its references. Throws std::invalid_argument for invalid UTF-8 and for no reference.
BleuStatistics bleu_statistics(std::string_view hypothesis, const Lines& references, const BleuOptions& options);

// Every sentence of a corpus, in order. Throws as check_corpus does.
std::vector<BleuStatistics> bleu_statistics(const Lines& hypotheses, const References& references,
                                            const BleuOptions& options);

// The score of summed statistics. Throws as check_options does.
BleuScore bleu_score(const BleuStatistics& statistics, const BleuOptions& options);

// A whole corpus: statistics, sum, score.
BleuScore corpus_bleu(const Lines& hypotheses, const References& references, const BleuOptions& options = {});

// `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:...`
std::string bleu_signature(const BleuOptions& options, std::size_t references);

// The figure with its name, signature and line.
Score bleu_report(const BleuScore& score, const BleuOptions& options, std::size_t references);

}  // namespace ablate::metrics
