// Shares of things that are right: lines, tokens, whole sequences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "experiments/metrics/corpus.h"
#include "experiments/metrics/signature.h"

namespace ablate::metrics {

// Sufficient statistics of a share: those of a corpus are the sum of those of its parts.
struct Share {
  std::int64_t correct = 0;
  std::int64_t total = 0;

  Share& operator+=(const Share& other);
  bool operator==(const Share&) const = default;

  // 100 * correct / total; 0 where there is nothing to count.
  double percent() const;
};

// Of all three shares.
struct AccuracyOptions {
  bool lowercase = false;
};

// A share for every line; that of the corpus is their sum. All three throw as check_corpus does.
//
// Lines that equal one of their references, byte for byte (white space included) unless lower-cased.
std::vector<Share> exact_match_shares(const Lines& hypotheses, const References& references,
                                      const AccuracyOptions& options = {});

// Tokens, as white space separates them, that are right at their position, out of the longer of hypothesis and
// reference: a token that is missing or too many is wrong. Of several references the one that gives a line the
// greatest share, the first of equals.
std::vector<Share> token_accuracy_shares(const Lines& hypotheses, const References& references,
                                         const AccuracyOptions& options = {});

// Lines all of whose tokens are right: exact match but for the white space between tokens.
std::vector<Share> sequence_accuracy_shares(const Lines& hypotheses, const References& references,
                                            const AccuracyOptions& options = {});

Share sum_of(const std::vector<Share>& shares);

// A figure with its name, signature (`nrefs:1|case:mixed|version:...`) and line; `unit` is what was counted.
Score share_report(const std::string& name, const Share& share, const std::string& unit, const AccuracyOptions& options,
                   std::size_t references);

}  // namespace ablate::metrics
