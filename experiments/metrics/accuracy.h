// Shares of things that are right: lines, tokens, whole sequences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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

using Ids = std::vector<std::int64_t>;

struct ExactMatchOptions {
  bool lowercase = false;
};

// Lines that equal one of their references, byte for byte (white space included) unless lower-cased. Throws
// as check_corpus does.
Share exact_match(const Lines& hypotheses, const References& references, const ExactMatchOptions& options = {});

// The figure with its name, signature (`nrefs:1|case:mixed|version:...`) and line.
Score exact_match_report(const Share& share, const ExactMatchOptions& options, std::size_t references);

// Tokens that are right at their position, out of the longer of the two sequences: a token that is missing
// or too many is wrong. Of equally long sequences, as teacher forcing gives them, this is the usual
// accuracy; positions whose reference is `ignored` (padding) do not count then. Throws
// std::invalid_argument where `ignored` is given and the lengths differ.
Share token_accuracy(const Ids& hypothesis, const Ids& reference, std::optional<std::int64_t> ignored = std::nullopt);

// Sequences that are right as a whole. Throws std::invalid_argument for unequal numbers of sequences.
Share sequence_accuracy(const std::vector<Ids>& hypotheses, const std::vector<Ids>& references);

}  // namespace ablate::metrics
