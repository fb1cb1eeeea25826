// What a test of significance resamples: a figure's sufficient statistics, sentence by sentence.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace ablate::metrics {

struct SentenceStatistics {
  std::size_t width = 0;                                 // numbers of one sentence
  std::vector<double> values;                            // (sentences, width)
  std::function<double(std::span<const double>)> score;  // the figure that a sum over sentences gives

  std::size_t size() const { return width == 0 ? 0 : values.size() / width; }
  std::span<const double> of(std::size_t sentence) const { return {values.data() + sentence * width, width}; }
  // Of all sentences.
  double corpus_score() const;
};

// Several outputs for the same sentences, such as those of several seeds, as one: the figure is the mean of theirs, and
// a sentence is resampled in all of them at once. Throws std::invalid_argument for none and for different shapes.
SentenceStatistics mean_of_outputs(const std::vector<SentenceStatistics>& outputs);

}  // namespace ablate::metrics
