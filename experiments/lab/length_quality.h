#pragma once
// How good the outputs are for short and for long sentences: a figure of text on the sentences of a split whose source
// has so many tokens.
#include "experiments/lab/preparation.h"
#include "experiments/metrics/corpus.h"

namespace ablate::lab {

struct LengthBucket {
  std::int64_t shortest, longest;  ///< source tokens, </s> not counted
  std::vector<std::size_t> sentences;
  std::string name() const;  ///< "6–10"
};

/// At most `most` ranges of about as many sentences each; neighbours of one length stay together. None for no sentence.
std::vector<LengthBucket> length_buckets(const data::Split& split, std::size_t most = 6);

/// The figure on the sentences of every bucket.
std::vector<double> quality_by_length(const std::string& metric, const metrics::Lines& outputs,
                                      const metrics::Lines& references, const std::vector<LengthBucket>& buckets);

}  // namespace ablate::lab
