#include "transformer/kernels/attention_head.h"

#include "transformer/kernels/dropout.h"

#include <algorithm>
#include <cmath>

namespace ablate {
namespace {

constexpr float hidden = -std::numeric_limits<float>::infinity();

std::int64_t padded(std::int64_t width) { return panels_of(width) * panel_width; }

void copy_row(const float* from, std::int64_t width, float* to) {
  for_each_vector(width, [&](std::int64_t j, int count) { store_part(to + j, load_part(from + j, count), count); });
}

std::vector<float> floats(std::int64_t count) { return std::vector<float>(static_cast<std::size_t>(count)); }

/// Scores of `block` queries stay in the second-level cache.
std::int64_t block_of(std::int64_t keys) {
  constexpr std::int64_t most = 48, floats_in_cache = 96 * 1024;
  return std::clamp(floats_in_cache / std::max<std::int64_t>(padded(keys), panel_width) / tile_rows * tile_rows,
                    std::int64_t{tile_rows}, most);
}

}  // namespace

std::int64_t ScoreRules::reach(std::int64_t end, std::int64_t keys) const {
  return causal ? std::clamp<std::int64_t>(std::max(first + end, prefix), 0, keys) : keys;
}

std::int64_t ScoreRules::tiles(std::int64_t keys) { return (keys + dropout_tile - 1) / dropout_tile; }

AttentionHead::AttentionHead(std::int64_t keys, std::int64_t key_width, std::int64_t value_width, bool backward)
    : keys_(keys),
      key_width_(key_width),
      value_width_(value_width),
      block_(block_of(keys)),
      // One panel more than it takes: rows that lie a power of two apart would fall on the same lines of the cache.
      row_(padded(keys) + panel_width),
      k_columns_(floats(padded(keys) * key_width)),
      scores_(floats(block_ * row_)),
      output_(floats(block_ * std::max(padded(key_width), padded(value_width)))) {
  if (!backward) {
    v_rows_ = floats(keys * padded(value_width));
    return;
  }
  v_columns_ = floats(padded(keys) * value_width);
  k_rows_ = floats(keys * padded(key_width));
  weights_ = floats(block_ * row_);
  value_gradients_ = floats(block_ * row_);
  q_rows_ = floats(block_ * padded(key_width));
  upstream_rows_ = floats(block_ * padded(value_width));
  k_gradient_ = floats(keys * padded(key_width));
  v_gradient_ = floats(keys * padded(value_width));
}

void AttentionHead::set_memory(const Rows& k, const Rows& v) {
  pack_transposed(k, k_columns_.data());
  if (!v_rows_.empty()) pack_rows(v, v_rows_.data());
  if (!v_columns_.empty()) pack_transposed(v, v_columns_.data());
  if (!k_rows_.empty()) pack_rows(k, k_rows_.data());
}

void AttentionHead::compute_scores(const Rows& q, const ScoreRules& rules, std::int64_t begin, std::int64_t end) {
  const std::int64_t reach = rules.reach(end, keys_), reach_padded = padded(reach);
  for (std::int64_t panel = 0; panel < panels_of(reach); ++panel) {
    multiply_panel(end - begin, {q.at(begin), q.row, 1, 0}, k_columns_.data() + panel * panel_width * key_width_,
                   {1, key_width_, panel_width}, scores_.data() + panel * panel_width, row_, false);
  }
  for (std::int64_t query = begin; query < end; ++query) {
    float* const scores = scores_.data() + (query - begin) * row_;
    for (std::int64_t i = 0; i < reach_padded; i += vector_width) {
      const Floats scaled = load(scores + i) * rules.scale;
      store(scores + i, rules.hide != nullptr ? scaled + load(rules.hide + i) : scaled);
    }
    for (std::int64_t key = 0; rules.bias != nullptr && key < reach; ++key) {
      scores[key] += rules.bias[query * keys_ + key];
    }
    std::fill(scores + std::min(reach, rules.reach(query + 1, keys_)), scores + reach_padded, hidden);
  }
}

void AttentionHead::drop(const ScoreRules& rules, std::int64_t query, std::int64_t reach, float* weights) const {
  std::uint16_t bits[dropout_tile];
  const std::uint64_t first_tile = rules.tile + static_cast<std::uint64_t>(query * ScoreRules::tiles(keys_));
  for (std::int64_t begin = 0; begin < reach; begin += dropout_tile) {
    fill_dropout_tile(rules.key, first_tile + static_cast<std::uint64_t>(begin / dropout_tile), bits);
    const std::int64_t count = std::min<std::int64_t>(dropout_tile, reach - begin);
    for (std::int64_t i = 0; i < count; ++i) {
      weights[begin + i] *= bits[i] < rules.drop ? 0.0F : rules.keep_scale;
    }
  }
}

void AttentionHead::multiply_to_rows(std::int64_t rows, const float* weights, const float* panels, std::int64_t reach,
                                     std::int64_t width, float* to, std::ptrdiff_t to_row) {
  // Whole panels go where they belong; otherwise the last one would write beyond the row.
  const bool whole = width % panel_width == 0;
  float* const c = whole ? to : output_.data();
  const std::ptrdiff_t c_row = whole ? to_row : padded(width);
  for (std::int64_t panel = 0; panel < panels_of(width); ++panel) {
    multiply_panel(rows, {weights, row_, 1, 0}, panels + panel * panel_width * keys_, {1, reach, panel_width},
                   c + panel * panel_width, c_row, false);
  }
  for (std::int64_t row = 0; !whole && row < rows; ++row) copy_row(c + row * c_row, width, to + row * to_row);
}

void AttentionHead::forward(const Rows& q, const ScoreRules& rules, float* output, std::ptrdiff_t output_row,
                            float* log_normalizer) {
  for (std::int64_t begin = 0; begin < q.count; begin += block_) {
    const std::int64_t end = std::min(q.count, begin + block_), reach = rules.reach(end, keys_);
    compute_scores(q, rules, begin, end);
    for (std::int64_t query = begin; query < end; ++query) {
      float* const scores = scores_.data() + (query - begin) * row_;
      Floats largest_of_lanes = broadcast(hidden), sums{};
      for (std::int64_t i = 0; i < padded(reach); i += vector_width) {
        largest_of_lanes = maximum_of(load(scores + i), largest_of_lanes);
      }
      const float maximum = largest(largest_of_lanes);
      // Where nothing may be looked at, the exponentials are to be 0 and not NaN.
      const float reference = maximum == hidden ? 0.0F : maximum;
      for (std::int64_t i = 0; i < padded(reach); i += vector_width) {
        const Floats e = exp_of(load(scores + i) - reference);
        store(scores + i, e);
        sums += e;
      }
      const float sum = total(sums), scale = sum == 0 ? 0 : 1 / sum;
      log_normalizer[query] = sum == 0 ? std::numeric_limits<float>::infinity() : reference + std::log(sum);
      for (std::int64_t i = 0; i < padded(reach); i += vector_width) store(scores + i, load(scores + i) * scale);
      if (rules.drop > 0) drop(rules, query, reach, scores);
    }
    multiply_to_rows(end - begin, scores_.data(), v_rows_.data(), reach, value_width_, output + begin * output_row,
                     output_row);
  }
}

void AttentionHead::backward(const Rows& q, const Rows& output, const Rows& upstream, const ScoreRules& rules,
                             const float* log_normalizer, float* q_gradient, std::ptrdiff_t q_gradient_row) {
  const std::ptrdiff_t k_row = padded(key_width_), v_row = padded(value_width_);
  for (std::int64_t begin = 0; begin < q.count; begin += block_) {
    const std::int64_t end = std::min(q.count, begin + block_), reach = rules.reach(end, keys_), rows = end - begin;
    compute_scores(q, rules, begin, end);
    for (std::int64_t panel = 0; panel < panels_of(reach); ++panel) {
      multiply_panel(rows, {upstream.at(begin), upstream.row, 1, 0},
                     v_columns_.data() + panel * panel_width * value_width_, {1, value_width_, panel_width},
                     value_gradients_.data() + panel * panel_width, row_, false);
    }
    for (std::int64_t query = begin; query < end; ++query) {
      const float delta = dot(output.at(query), upstream.at(query), value_width_);
      float* const scores = scores_.data() + (query - begin) * row_;
      float* const weights = weights_.data() + (query - begin) * row_;
      float* const gradients = value_gradients_.data() + (query - begin) * row_;
      if (rules.drop > 0) drop(rules, query, reach, gradients);
      // weights_: what the values were multiplied by; scores_: the gradient of the scores.
      for (std::int64_t i = 0; i < padded(reach); i += vector_width) {
        const Floats weight = exp_of(load(scores + i) - log_normalizer[query]);
        store(weights + i, weight);
        store(scores + i, weight * (load(gradients + i) - delta) * rules.scale);
      }
      if (rules.drop > 0) drop(rules, query, reach, weights);
    }
    multiply_to_rows(rows, scores_.data(), k_rows_.data(), reach, key_width_, q_gradient + begin * q_gradient_row,
                     q_gradient_row);
    pack_rows({q.at(begin), rows, key_width_, q.row}, q_rows_.data());
    pack_rows({upstream.at(begin), rows, value_width_, upstream.row}, upstream_rows_.data());
    for (std::int64_t panel = 0; panel < panels_of(key_width_); ++panel) {
      multiply_panel(reach, {scores_.data(), 1, row_, 0}, q_rows_.data() + panel * panel_width * rows,
                     {1, rows, panel_width}, k_gradient_.data() + panel * panel_width, k_row, true);
    }
    for (std::int64_t panel = 0; panel < panels_of(value_width_); ++panel) {
      multiply_panel(reach, {weights_.data(), 1, row_, 0}, upstream_rows_.data() + panel * panel_width * rows,
                     {1, rows, panel_width}, v_gradient_.data() + panel * panel_width, v_row, true);
    }
  }
}

void AttentionHead::take_gradients(float* k_gradient, std::ptrdiff_t k_row, float* v_gradient, std::ptrdiff_t v_row) {
  for (std::int64_t key = 0; key < keys_; ++key) {
    copy_row(k_gradient_.data() + key * padded(key_width_), key_width_, k_gradient + key * k_row);
    copy_row(v_gradient_.data() + key * padded(value_width_), value_width_, v_gradient + key * v_row);
  }
  std::fill(k_gradient_.begin(), k_gradient_.end(), 0.0F);
  std::fill(v_gradient_.begin(), v_gradient_.end(), 0.0F);
}

}  // namespace ablate
