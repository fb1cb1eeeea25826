#include "transformer/kernels/cross_entropy_chunk.h"

#include "transformer/core/parallel.h"

#include <algorithm>
#include <cmath>

namespace ablate {
namespace {

constexpr std::int64_t block_words = 256, block_panels = block_words / panel_width;
/// Work is shared in slices of the vocabulary; a fixed number of them fixes the order of sums.
constexpr std::int64_t most_slices = 20;
static_assert(block_words % panel_width == 0);

}  // namespace

struct CrossEntropyChunks::Chunk {
  const float* hidden;
  std::int64_t rows;
  const std::int64_t* targets;
  TokenLoss* losses;
  float* values;  ///< all blocks
  float* block(std::int64_t index) const { return values + index * block_words * rows; }
};

/// A thread's own. The exponentials of all blocks have left the nearer caches by then and need not be written again.
struct CrossEntropyChunks::Scratch {
  explicit Scratch(std::int64_t rows)
      : gradients(static_cast<std::size_t>(block_words * rows)), factors(static_cast<std::size_t>(rows)) {}
  std::vector<float> gradients;  ///< (panels of a block, rows, panel)
  std::vector<float> factors;    ///< (rows)
};

CrossEntropyChunks::CrossEntropyChunks(const Tensor& weight, const Tensor& bias, double eps, WantedGradients wanted,
                                       std::int64_t most_rows)
    : width_(weight.size(1)),
      vocabulary_(weight.size(0)),
      blocks_((vocabulary_ + block_words - 1) / block_words),
      slices_(std::min(blocks_, most_slices)),
      most_rows_(most_rows),
      eps_(eps),
      wanted_(wanted),
      bias_(bias),
      columns_(weight) {
  const at::TensorOptions options = weight.options().requires_grad(false);
  const std::int64_t panels = panels_of(vocabulary_), width_panels = panels_of(width_);
  values_ = at::empty({blocks_, block_words, most_rows}, options);
  if (wanted.hidden) {
    rows_ = at::empty({blocks_, width_panels, block_words, panel_width}, options);
    hidden_partial_ = at::empty({slices_, most_rows, width_panels * panel_width}, options);
  }
  if (wanted.weight) {
    hidden_columns_ = at::empty({width_, most_rows}, options);
    weight_gradient_ = at::empty({panels, width_, panel_width}, options);
  }
  if (wanted.bias) bias_gradient_ = at::zeros({panels, panel_width}, options);
  const auto rows = static_cast<std::size_t>(most_rows);
  parts_.resize(static_cast<std::size_t>(blocks_) * rows);
  target_logits_.resize(rows);
  beaten_.resize(rows);
  if (wanted.hidden) pack_rows_of(weight.const_data_ptr<float>());
}

std::int64_t CrossEntropyChunks::words_in(std::int64_t block) const {
  return std::min(block_words, vocabulary_ - block * block_words);
}
std::int64_t CrossEntropyChunks::panels_in(std::int64_t block) const { return panels_of(words_in(block)); }

std::pair<std::int64_t, std::int64_t> CrossEntropyChunks::blocks_of(std::int64_t slice) const {
  return {slice * blocks_ / slices_, (slice + 1) * blocks_ / slices_};
}

/// Words beyond the vocabulary's end, which fill up the last block, have weights of zero.
void CrossEntropyChunks::pack_rows_of(const float* weight) {
  const std::int64_t width_panels = panels_of(width_);
  float* const rows = rows_.mutable_data_ptr<float>();
  for_each_unit(blocks_, [&](std::int64_t block) {
    for (std::int64_t word = block * block_words; word < (block + 1) * block_words; ++word) {
      const bool real = word < vocabulary_;
      for (std::int64_t panel = 0; panel < width_panels; ++panel) {
        float* const to = rows + ((block * width_panels + panel) * block_words + word % block_words) * panel_width;
        const std::int64_t count = real ? std::min<std::int64_t>(panel_width, width_ - panel * panel_width) : 0;
        if (real) std::copy_n(weight + word * width_ + panel * panel_width, count, to);
        std::fill(to + count, to + panel_width, 0.0F);
      }
    }
  });
}

void CrossEntropyChunks::run(const float* hidden, std::int64_t rows, const std::int64_t* targets, TokenLoss* losses,
                             float* hidden_gradient) {
  const Chunk chunk{hidden, rows, targets, losses, values_.mutable_data_ptr<float>()};
  for_each_unit(slices_, [&](std::int64_t slice) {
    for (auto [block, end] = blocks_of(slice); block < end; ++block) {
      compute_logits(chunk, block);
      exponentiate(chunk, block);
    }
  });
  at::parallel_for(0, rows, /*grain_size=*/32, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) normalize(chunk, row);
  });
  if (!wanted_.any()) return;
  if (wanted_.weight) {
    float* const columns = hidden_columns_.mutable_data_ptr<float>();
    transpose_rows({hidden, rows, width_, width_}, columns, rows);
  }
  share_units(slices_, [&](SharedUnits& units) {
    Scratch scratch(rows);
    for (std::int64_t slice; (slice = units.take()) >= 0;) {
      for (auto [block, end] = blocks_of(slice); block < end; ++block) {
        differentiate(chunk, block, scratch);
        accumulate(chunk, block, slice, scratch.gradients.data());
      }
    }
  });
  first_chunk_ = false;
  if (!wanted_.hidden) return;
  const float* const partial = hidden_partial_.const_data_ptr<float>();
  const std::int64_t padded = hidden_partial_.size(2);
  at::parallel_for(0, rows, /*grain_size=*/16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      float* const to = hidden_gradient + row * width_;
      for_each_vector(width_, [&](std::int64_t k, int count) {
        Floats sum{};
        for (std::int64_t slice = 0; slice < slices_; ++slice) {
          sum += load_part(partial + (slice * rows + row) * padded + k, count);
        }
        store_part(to + k, sum, count);
      });
    }
  });
}

void CrossEntropyChunks::compute_logits(const Chunk& chunk, std::int64_t block) {
  const float* const bias = bias_.defined() ? bias_.const_data_ptr<float>() : nullptr;
  for (std::int64_t panel = 0; panel < panels_in(block); ++panel) {
    const std::int64_t word = block * block_words + panel * panel_width;
    const std::int64_t words = std::min<std::int64_t>(panel_width, vocabulary_ - word);
    float* const logits = chunk.block(block) + panel * chunk.rows * panel_width;
    for (std::int64_t row = 0; bias != nullptr && row < chunk.rows; ++row) {
      std::copy_n(bias + word, words, logits + row * panel_width);
    }
    multiply_by_panel(chunk.rows, chunk.hidden, width_, columns_, word / panel_width, logits, panel_width,
                      /*add=*/bias != nullptr);
    for (std::int64_t row = 0; words < panel_width && row < chunk.rows; ++row) {
      std::fill(logits + row * panel_width + words, logits + (row + 1) * panel_width,
                -std::numeric_limits<float>::infinity());
    }
  }
}

void CrossEntropyChunks::exponentiate(const Chunk& chunk, std::int64_t block) {
  const std::int64_t stride = chunk.rows * panel_width, panels = panels_in(block), words = words_in(block);
  for (std::int64_t row = 0; row < chunk.rows; ++row) {
    float* const logits = chunk.block(block) + row * panel_width;
    Part& part = parts_[static_cast<std::size_t>(block * most_rows_ + row)];

    if (const std::int64_t target = chunk.targets[row] - block * block_words; target >= 0 && target < words) {
      const auto logit = [&](std::int64_t word) { return logits[word / panel_width * stride + word % panel_width]; };
      bool beaten = false;
      for (std::int64_t word = 0; word < target; ++word) beaten = beaten || logit(word) >= logit(target);
      target_logits_[static_cast<std::size_t>(row)] = logit(target);
      beaten_[static_cast<std::size_t>(row)] = beaten;
    }

    // A block of nothing but -inf is compared with the lowest number, so that its exponentials are 0 and not NaN.
    Floats maximum = broadcast(std::numeric_limits<float>::lowest()), sums{}, exponentials{};
    const std::int64_t full = words / panel_width;
    for (std::int64_t panel = 0; panel < panels; ++panel) {
      const Floats a = load(logits + panel * stride), b = load(logits + panel * stride + vector_width);
      maximum = maximum_of(maximum_of(maximum, a), b);
      if (panel < full) sums += a + b;
    }
    part.maximum = largest(maximum);
    part.sum = sum_of(sums);
    for (std::int64_t i = 0; i < words % panel_width; ++i) part.sum += static_cast<double>(logits[full * stride + i]);
    for (std::int64_t panel = 0; panel < panels; ++panel) {
      float* const at = logits + panel * stride;
      const Floats a = exp_of(load(at) - part.maximum), b = exp_of(load(at + vector_width) - part.maximum);
      store(at, a);
      store(at + vector_width, b);
      exponentials += a + b;
    }
    part.sum_exp = sum_of(exponentials);
  }
}

void CrossEntropyChunks::normalize(const Chunk& chunk, std::int64_t row) {
  const auto part = [&](std::int64_t block) -> Part& {
    return parts_[static_cast<std::size_t>(block * most_rows_ + row)];
  };
  float maximum = part(0).maximum;
  std::int64_t best = 0;
  for (std::int64_t block = 1; block < blocks_; ++block) {
    if (part(block).maximum > maximum) {
      maximum = part(block).maximum;
      best = block;
    }
  }
  double sum_exp = 0, sum = 0;
  for (std::int64_t block = 0; block < blocks_; ++block) {
    part(block).factor = std::exp(part(block).maximum - maximum);
    sum_exp += part(block).sum_exp * static_cast<double>(part(block).factor);
    sum += part(block).sum;
  }
  for (std::int64_t block = 0; block < blocks_; ++block) {
    part(block).factor = static_cast<float>(static_cast<double>(part(block).factor) / sum_exp);
  }
  const auto index = static_cast<std::size_t>(row);
  const double log_normalizer = static_cast<double>(maximum) + std::log(sum_exp);
  TokenLoss& token = chunk.losses[row];
  token.nll = log_normalizer - static_cast<double>(target_logits_[index]);
  token.loss = token.nll;
  if (eps_ != 0) {
    token.loss = (1 - eps_) * token.nll + eps_ * (log_normalizer - sum / static_cast<double>(vocabulary_));
  }
  token.correct = target_logits_[index] == maximum && beaten_[index] == 0 && chunk.targets[row] / block_words == best;
}

/// Exponentials -> softmax(z) - q, with q = (1 - eps) at the target and eps / V everywhere.
void CrossEntropyChunks::differentiate(const Chunk& chunk, std::int64_t block, Scratch& scratch) const {
  const auto shift = static_cast<float>(eps_ / static_cast<double>(vocabulary_));
  const std::int64_t stride = chunk.rows * panel_width;
  const Part* const parts = parts_.data() + block * most_rows_;
  for (std::int64_t row = 0; row < chunk.rows; ++row)
    scratch.factors[static_cast<std::size_t>(row)] = parts[row].factor;
  const float *from = chunk.block(block), *const factors = scratch.factors.data();
  float* to = scratch.gradients.data();
  for (std::int64_t panel = 0; panel < panels_in(block); ++panel) {
    for (std::int64_t row = 0; row < chunk.rows; ++row, from += panel_width, to += panel_width) {
      store(to, load(from) * factors[row] - shift);
      store(to + vector_width, load(from + vector_width) * factors[row] - shift);
    }
  }
  for (std::int64_t row = 0; row < chunk.rows; ++row) {
    const std::int64_t target = chunk.targets[row] - block * block_words;
    if (target < 0 || target >= words_in(block)) continue;
    scratch.gradients[static_cast<std::size_t>(target / panel_width * stride + row * panel_width +
                                               target % panel_width)] -= static_cast<float>(1 - eps_);
  }
}

void CrossEntropyChunks::accumulate(const Chunk& chunk, std::int64_t block, std::int64_t slice,
                                    const float* gradients) {
  const std::int64_t stride = chunk.rows * panel_width, panels = panels_in(block);
  for (std::int64_t panel = 0; panel < panels; ++panel) {
    const std::int64_t place = block * block_panels + panel;
    const float* const gradient = gradients + panel * stride;
    if (wanted_.weight) {
      multiply_panel(
          width_, {hidden_columns_.const_data_ptr<float>(), chunk.rows, 1, 0}, gradient, {1, chunk.rows, panel_width},
          weight_gradient_.mutable_data_ptr<float>() + place * width_ * panel_width, panel_width, !first_chunk_);
    }
    if (wanted_.bias) {
      float* const to = bias_gradient_.mutable_data_ptr<float>() + place * panel_width;
      for (std::int64_t i = 0; i < stride; ++i) to[i % panel_width] += gradient[i];
    }
  }
  if (!wanted_.hidden) return;
  const std::int64_t width_panels = panels_of(width_), padded = width_panels * panel_width;
  for (std::int64_t panel = 0; panel < width_panels; ++panel) {
    multiply_panel(chunk.rows, {gradients, panel_width, 1, stride},
                   rows_.const_data_ptr<float>() + (block * width_panels + panel) * block_words * panel_width,
                   {panels, panel_width, panel_width},
                   hidden_partial_.mutable_data_ptr<float>() + slice * chunk.rows * padded + panel * panel_width,
                   padded, block != blocks_of(slice).first);
  }
}

Tensor CrossEntropyChunks::weight_gradient() const {
  // (panels, D, panel) -> (words, D), the words of the last panel that are none left out.
  return weight_gradient_.transpose(1, 2).reshape({-1, width_}).narrow(0, 0, vocabulary_).contiguous();
}

Tensor CrossEntropyChunks::bias_gradient() const { return bias_gradient_.view(-1).narrow(0, 0, vocabulary_).clone(); }

}  // namespace ablate
