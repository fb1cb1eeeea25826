// Whether one system's figure differs from another's by more than the choice of test sentences explains. Both tests
// compare corpus figures of pseudo systems that are made from the two systems' sentences, from sums of the sentences'
// own counts: nothing is counted twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "experiments/metrics/sentence_statistics.h"

namespace ablate::metrics {

// Fills one resample: which sentences it has (with repetitions), or for randomisation which are exchanged (0 or 1).
using Draw = std::function<void(std::span<std::uint32_t>)>;

// Independent and uniform on 0 … below - 1, the same on every platform.
Draw uniform_draws(std::uint64_t seed, std::uint32_t below);

// Paired bootstrap (Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation") in the form that
// Moses and sacreBLEU 2 give it: p = (1 + #{|d_i| - mean |d| >= |d|}) / (1 + samples), d the difference of the figures
// and d_i that of resample i. Resamples with the very same difference count, which sacreBLEU leaves out: else equal
// outputs would differ "significantly", and so would figures of a few whole sentences, such as exact match. Throws
// std::invalid_argument for systems of different shapes or no sentences.
double paired_bootstrap(const SentenceStatistics& a, const SentenceStatistics& b, std::size_t samples,
                        const Draw& draw);

// Paired approximate randomisation (Riezler & Maxwell 2005, "On Some Pitfalls in Automatic Evaluation and Significance
// Testing for MT"), two-sided: sentences are exchanged between the systems at random, and
// p = (1 + #{|d_i| >= |d|}) / (1 + samples), as there; sacreBLEU 2 has > instead. Throws as paired_bootstrap does.
double approximate_randomization(const SentenceStatistics& a, const SentenceStatistics& b, std::size_t samples,
                                 const Draw& draw);

}  // namespace ablate::metrics
