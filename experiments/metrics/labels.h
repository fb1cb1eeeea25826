// Figures of labels: lines that are names of classes, or numbers. There is one reference for a line. All figures are
// times 100.
#pragma once

#include "experiments/metrics/corpus.h"
#include "experiments/metrics/sentence_statistics.h"

namespace ablate::metrics {

// The functions below throw as check_corpus does, and std::invalid_argument for several references.

// The mean over the classes of the references of F1 = 2 tp / (2 tp + fp + fn) (van Rijsbergen 1979, chapter 7). A class
// that the references do not have is always wrong where it is said, and has no F1 of its own.
SentenceStatistics macro_f1_statistics(const Lines& hypotheses, const References& references);

// Matthews' correlation of classes (Matthews 1975), for any number of them (Gorodkin 2004, eq. (8)): with s lines, c of
// them right, t_k of class k and p_k said to be,
//   (c s - sum_k p_k t_k) / sqrt((s^2 - sum_k p_k^2) (s^2 - sum_k t_k^2)); 0 where that is 0 / 0.
SentenceStatistics matthews_statistics(const Lines& hypotheses, const References& references);

// Pearson's correlation of numbers; 0 where one side is constant. std::invalid_argument for a line that is no number.
SentenceStatistics pearson_statistics(const Lines& hypotheses, const References& references);

// Spearman's: Pearson's of their ranks among all lines, equal numbers having the mean of theirs. A resample keeps these
// ranks.
SentenceStatistics spearman_statistics(const Lines& hypotheses, const References& references);

}  // namespace ablate::metrics
