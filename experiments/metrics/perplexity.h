// Perplexity, per token or per word: the same sum of nats over another count.
#pragma once

#include <cstdint>

#include "experiments/metrics/corpus.h"

namespace ablate::metrics {

// exp(nats / units), where `nats` is the summed negative log-likelihood of a text (natural logarithm, no
// label smoothing) and `units` what it is spread over: the tokens that were predicted, or the words of the
// text, which makes models with different vocabularies comparable. Infinite where it overflows, NaN where
// `nats` is NaN. Throws std::invalid_argument unless units > 0.
double perplexity(double nats, std::int64_t units);

// nats / (units * ln 2): bits per character or per byte, whatever the tokens are. Throws std::invalid_argument unless
// units > 0.
double bits(double nats, std::int64_t units);

// Words of the lines, as white space separates them: the units of a perplexity per word. Ends of sentences
// are not among them; add one per line to count them. Throws std::invalid_argument for invalid UTF-8.
std::int64_t count_words(const Lines& lines);

}  // namespace ablate::metrics
