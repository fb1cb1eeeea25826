#include "transformer/kernels/top_words.h"

#include "transformer/core/shape.h"
#include "transformer/kernels/packed_product.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace ablate {
namespace {

constexpr float lowest = -std::numeric_limits<float>::infinity();
/// Words whose scores are looked at together, and slices of the vocabulary that threads share: a fixed number of them
/// fixes the order of sums.
constexpr std::int64_t words_together = 256, most_slices = 16;

struct ScoredWord {
  float score;
  std::int64_t id;
};

bool before(const ScoredWord& a, const ScoredWord& b) { return a.score != b.score ? a.score > b.score : a.id < b.id; }

/// Some panels of scores of one row, `stride` apart.
struct Scores {
  const float* data;
  std::int64_t panels;
  std::ptrdiff_t stride;
  std::int64_t first_word;
};

/// Of one row and a slice of the vocabulary: the best words, and the slice's part of the normaliser.
class RowBest {
 public:
  explicit RowBest(std::size_t k) : k_(k) {}

  /// `never` ascending.
  void look(const Scores& scores, const std::vector<std::int64_t>& never) {
    Floats maxima = broadcast(lowest);
    for (std::int64_t i = 0; i < scores.panels; ++i) {
      const float* const panel = scores.data + i * scores.stride;
      maxima = maximum_of(maximum_of(maxima, load(panel)), load(panel + vector_width));
    }
    const float maximum = largest(maxima);
    if (maximum > maximum_) {
      sum_ *= std::exp(static_cast<double>(maximum_ - maximum));
      maximum_ = maximum;
    }
    // Against 0 where all is -inf, so that exponentials are 0 there and NaN for NaN alone.
    const float reference = maximum_ > lowest ? maximum_ : 0.0F;
    Floats sums{};
    for (std::int64_t i = 0; i < scores.panels; ++i) {
      const float* const panel = scores.data + i * scores.stride;
      sums += exp_of(load(panel) - reference) + exp_of(load(panel + vector_width) - reference);
    }
    sum_ += sum_of(sums);
    if (best_.size() == k_ && !(maximum > best_.back().score)) return;
    for (std::int64_t i = 0; i < scores.panels; ++i) choose(scores.data + i * scores.stride, scores, i, never);
  }

  float maximum() const { return maximum_; }
  double sum() const { return sum_; }
  const std::vector<ScoredWord>& best() const { return best_; }

 private:
  void choose(const float* panel, const Scores& scores, std::int64_t index, const std::vector<std::int64_t>& never) {
    for (std::int64_t i = 0; i < panel_width; ++i) {
      const float threshold = best_.size() == k_ ? best_.back().score : lowest;
      if (!(panel[i] > threshold)) continue;
      const ScoredWord word{panel[i], scores.first_word + index * panel_width + i};
      if (std::binary_search(never.begin(), never.end(), word.id)) continue;
      best_.insert(std::upper_bound(best_.begin(), best_.end(), word, before), word);
      if (best_.size() > k_) best_.pop_back();
    }
  }

  std::size_t k_;
  float maximum_ = lowest;
  double sum_ = 0;                ///< of exp(score - maximum_)
  std::vector<ScoredWord> best_;  ///< best first
};

/// The best of a row's slices, which lie `next` apart.
std::vector<Candidate> merge(const RowBest* slices, std::int64_t count, std::ptrdiff_t next, std::size_t k) {
  float maximum = lowest;
  for (std::int64_t i = 0; i < count; ++i) maximum = std::max(maximum, slices[i * next].maximum());
  double sum = 0;
  std::vector<ScoredWord> all;
  for (std::int64_t i = 0; i < count; ++i) {
    const RowBest& slice = slices[i * next];
    if (slice.sum() != 0) sum += slice.sum() * std::exp(static_cast<double>(slice.maximum() - maximum));
    all.insert(all.end(), slice.best().begin(), slice.best().end());
  }
  std::sort(all.begin(), all.end(), before);
  if (all.size() > k) all.resize(k);
  const double log_normalizer = static_cast<double>(maximum) + std::log(sum);
  // Where all words are impossible nothing is left to choose from, as with NaN.
  if (std::isnan(log_normalizer) || maximum == lowest) return {{0, std::numeric_limits<double>::quiet_NaN()}};
  std::vector<Candidate> candidates;
  for (const ScoredWord& word : all) {
    candidates.push_back({word.id, static_cast<double>(word.score) - log_normalizer});
  }
  return candidates;
}

/// A panel's scores: with the bias, -inf beyond the vocabulary.
void finish_scores(float* scores, std::int64_t rows, std::int64_t words, const float* bias) {
  for (std::int64_t row = 0; row < rows; ++row, scores += panel_width) {
    for (std::int64_t i = 0; bias != nullptr && i < words; ++i) scores[i] += bias[i];
    std::fill(scores + words, scores + panel_width, lowest);
  }
}

}  // namespace

std::optional<std::vector<std::vector<Candidate>>> top_words(const Tensor& hidden, const Tensor& weight,
                                                             const Tensor& bias, std::int64_t k,
                                                             const std::vector<std::int64_t>& never) {
  if (hidden.scalar_type() != at::kFloat) return std::nullopt;
  const PackedWeight* const packed = KeepPackedWeights::find(weight);
  if (packed == nullptr) return std::nullopt;
  check_shape(hidden, {any, packed->in()}, "hidden");
  const Tensor x = hidden.detach().contiguous();
  const float* const from = x.const_data_ptr<float>();
  const float* const shift = bias.defined() ? bias.const_data_ptr<float>() : nullptr;
  const std::int64_t rows = x.size(0), vocabulary = packed->out(), panels = panels_of(vocabulary);
  const std::int64_t slices = std::min(panels, most_slices);
  constexpr std::int64_t together = words_together / panel_width;
  std::vector<std::int64_t> excluded = never;
  std::sort(excluded.begin(), excluded.end());

  std::vector<RowBest> best(static_cast<std::size_t>(slices * rows), RowBest(static_cast<std::size_t>(k)));
  const auto look_at_slice = [&](std::int64_t slice, float* scores) {
    const std::int64_t end = (slice + 1) * panels / slices;
    for (std::int64_t first = slice * panels / slices; first < end; first += together) {
      const std::int64_t count = std::min(together, end - first);
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t word = (first + i) * panel_width;
        const std::int64_t words = std::min<std::int64_t>(panel_width, vocabulary - word);
        float* const panel = scores + i * rows * panel_width;
        multiply_by_panel(rows, from, packed->in(), *packed, first + i, panel, panel_width);
        if (shift != nullptr || words < panel_width) {
          finish_scores(panel, rows, words, shift != nullptr ? shift + word : nullptr);
        }
      }
      for (std::int64_t row = 0; row < rows; ++row) {
        best[static_cast<std::size_t>(slice * rows + row)].look(
            {scores + row * panel_width, count, rows * panel_width, first * panel_width}, excluded);
      }
    }
  };
  at::parallel_for(0, slices, /*grain_size=*/1, [&](std::int64_t begin, std::int64_t end) {
    const auto scores = std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(rows * words_together));
    for (std::int64_t slice = begin; slice < end; ++slice) look_at_slice(slice, scores.get());
  });
  std::vector<std::vector<Candidate>> result;
  for (std::int64_t row = 0; row < rows; ++row) {
    result.push_back(merge(best.data() + row, slices, rows, static_cast<std::size_t>(k)));
  }
  return result;
}

}  // namespace ablate
