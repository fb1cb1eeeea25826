// How far a line is from its reference: the fewest tokens, as white space separates them, that have to be put in, left
// out or replaced (Levenshtein 1966). Of phonemes between spaces the rate is the phoneme error rate, of words the word
// error rate.
#pragma once

#include <cstdint>
#include <vector>

#include "experiments/metrics/accuracy.h"

namespace ablate::metrics {

// Sufficient statistics: those of a corpus are the sum of those of its lines.
struct Edits {
  std::int64_t edits = 0;
  std::int64_t tokens = 0;  // of the reference
  std::int64_t lines = 0;

  Edits& operator+=(const Edits& other);
  bool operator==(const Edits&) const = default;
};

// Of every line. Of several references the one that takes the fewest edits, the first of equals. Throws as check_corpus
// does.
std::vector<Edits> edits_of_lines(const Lines& hypotheses, const References& references,
                                  const AccuracyOptions& options = {});

Edits sum_of(const std::vector<Edits>& lines);

// 100 * edits / tokens, which is above 100 where too much is said. Where the references have no token it is 0 if
// nothing was said, else 100.
double token_error_rate(const Edits& edits);

// edits / lines; 0 of no lines.
double mean_edit_distance(const Edits& edits);

}  // namespace ablate::metrics
