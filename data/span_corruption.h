#pragma once
// Span corruption (Raffel et al. 2020, sections 3.1.4 and 3.3.4, figure 2): of the n tokens of a row
// m = min(max(round(noise_density n), 1), n - 1) are noise, in k = max(round(m / mean_span_length), 1) spans, but no
// more than there are tokens that stay. The m tokens are divided into k segments, and so are the others, each division
// as likely; segments of both kinds follow one another in turn, one that stays first. The source has a sentinel of its
// own in the place of each span; the target has every sentinel before what it stands for, and one more at the end, as
// figure 2 has it (the authors' code leaves that one out):
//   tokens a b c d e f, noise b c and f -> source a <0> d e <1>, target <0> b c <1> f <2>
// A row of one token is noise as a whole, one without tokens has no span.
#include <cstdint>
#include <span>
#include <vector>

#include "data/objective.h"
#include "transformer/core/random.h"

namespace ablate::data {

/// What an encoder reads of a row, and what a decoder says: ids without <s> and </s>.
struct CorruptedRow {
  std::vector<std::int32_t> source, target;
};

/// Tokens of a row that are noise, and the spans that they make up.
struct SpanCounts {
  std::int64_t noise, spans;
};
SpanCounts span_counts(std::int64_t tokens, const ObjectiveConfig& objective);

/// For each of `tokens` tokens whether it is noise.
std::vector<bool> random_spans(std::int64_t tokens, const ObjectiveConfig& objective, SplitMix64& random);

/// Source and target of a row whose noise is known. std::invalid_argument unless `noise` speaks of each token, or if
/// there are fewer sentinels than spans and one more.
CorruptedRow corrupt_spans(std::span<const std::int32_t> tokens, const std::vector<bool>& noise,
                           std::span<const std::int32_t> sentinels);

}  // namespace ablate::data
