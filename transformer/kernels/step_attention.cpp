#include "transformer/kernels/step_attention.h"

#include "transformer/core/parallel.h"
#include "transformer/core/shape.h"
#include "transformer/kernels/packing.h"

#include <algorithm>
#include <cmath>

namespace ablate {
namespace {

/// Key j of a row is at base[j] + index * stride, where index is the row's own for each j, or one for all.
struct Place {
  std::vector<const float*> base;
  std::ptrdiff_t stride;
};

struct RowKeys {
  const std::int32_t* index;
  std::ptrdiff_t index_step;  ///< 0: one index for all keys
  const bool* visible;
  const float* at(const Place& place, std::int64_t key) const {
    return place.base[static_cast<std::size_t>(key)] + index[key * index_step] * place.stride;
  }
};

/// target += weight * from
void add_scaled(float weight, const float* from, std::int64_t size, float* target) {
  std::int64_t i = 0;
  for (; i + vector_width <= size; i += vector_width) store(target + i, load(target + i) + load(from + i) * weight);
  for (; i < size; ++i) target[i] += weight * from[i];
}

Place places_of(const std::vector<Tensor>& steps, const Tensor& source) {
  Place place{{}, 0};
  if (source.defined()) {
    for (std::int64_t key = 0; key < source.size(1); ++key) {
      place.base.push_back(source.const_data_ptr<float>() + key * source.stride(1));
    }
    place.stride = source.stride(0);
    return place;
  }
  for (const Tensor& step : steps) place.base.push_back(step.const_data_ptr<float>());
  place.stride = steps.front().stride(0);
  return place;
}

/// Neighbours often are hypotheses of one sentence, whose keys they share.
constexpr std::int64_t rows_together = 4;

/// Keys that are fetched before they are read: their rows lie anywhere.
constexpr std::int64_t ahead = 6;

/// Scores -> weights, all 0 where nothing may be looked at. `padded` is `keys` up to a whole vector.
void normalize_scores(float* scores, std::int64_t keys, std::int64_t padded) {
  constexpr float hidden = -std::numeric_limits<float>::infinity();
  float maximum = hidden;
  // A score that is not a number has to stay one.
  for (std::int64_t key = 0; key < keys; ++key) {
    maximum = scores[key] > maximum || std::isnan(scores[key]) ? scores[key] : maximum;
  }
  if (maximum == hidden) {
    std::fill_n(scores, padded, 0.0F);
    return;
  }
  std::fill(scores + keys, scores + padded, hidden);
  Floats sums{};
  for (std::int64_t key = 0; key < padded; key += vector_width) {
    const Floats e = exp_of(load(scores + key) - maximum);
    store(scores + key, e);
    sums += e;
  }
  const auto normalizer = static_cast<float>(1 / sum_of(sums));
  for (std::int64_t key = 0; key < padded; key += vector_width) store(scores + key, load(scores + key) * normalizer);
}

}  // namespace

RowHistory::RowHistory(std::int64_t sentences) {
  for (std::int64_t i = 0; i < sentences; ++i) sentences_.push_back(static_cast<std::int32_t>(i));
  writers_.resize(static_cast<std::size_t>(sentences * capacity_));
}

void RowHistory::select(const std::vector<std::int64_t>& parents) {
  std::vector<std::int32_t> writers(parents.size() * static_cast<std::size_t>(capacity_)), sentences;
  for (std::size_t row = 0; row < parents.size(); ++row) {
    std::copy_n(this->writers(parents[row]), steps_, writers.data() + static_cast<std::int64_t>(row) * capacity_);
    sentences.push_back(sentences_[static_cast<std::size_t>(parents[row])]);
  }
  writers_ = std::move(writers);
  sentences_ = std::move(sentences);
}

void RowHistory::advance() {
  if (steps_ == capacity_) {
    std::vector<std::int32_t> longer(writers_.size() * 2);
    for (std::int64_t row = 0; row < rows(); ++row) {
      std::copy_n(writers(row), steps_, longer.data() + row * 2 * capacity_);
    }
    writers_ = std::move(longer);
    capacity_ *= 2;
  }
  for (std::int64_t row = 0; row < rows(); ++row) {
    writers_[static_cast<std::size_t>(row * capacity_ + steps_)] = static_cast<std::int32_t>(row);
  }
  ++steps_;
}

Tensor step_attention(const Tensor& q, const StepMemory& memory, const RowHistory& history,
                      const StepAttentionOptions& options) {
  const bool source = memory.source_keys.defined();
  check_shape(q, {history.rows(), any}, "q");
  const Place key_place = places_of(memory.keys, memory.source_keys);
  const Place value_place = places_of(memory.values, memory.source_values);
  const auto keys = static_cast<std::int64_t>(key_place.base.size());
  if (options.bias.defined()) check_shape(options.bias, {options.bias.size(0) == 1 ? 1 : options.heads, keys}, "bias");
  const Tensor& any_values = source ? memory.source_values : memory.values.front();
  const std::int64_t key_width = q.size(1) / options.heads, value_width = any_values.size(-1) / options.groups;
  const std::int64_t repeat = options.heads / options.groups;
  Tensor output = at::zeros({q.size(0), options.heads * value_width}, q.options());
  const float* const queries = q.const_data_ptr<float>();
  float* const outputs = output.mutable_data_ptr<float>();
  const auto scale = static_cast<float>(options.scale);
  const float* const bias = options.bias.defined() ? options.bias.const_data_ptr<float>() : nullptr;
  const std::ptrdiff_t bias_row = bias != nullptr && options.bias.size(0) > 1 ? keys : 0;

  // A key's heads lie beside each other: each key is read once for all of them, and those that follow are on their way.
  const std::int64_t weights_row = (keys + vector_width - 1) / vector_width * vector_width;
  constexpr float hidden = -std::numeric_limits<float>::infinity();
  const auto score = [&](std::int64_t row, const RowKeys& place, float* weights) {
    const float* const query = queries + row * q.size(1);
    for (std::int64_t key = 0; key < keys; ++key) {
      if (place.visible != nullptr && !place.visible[key]) {
        for (std::int64_t head = 0; head < options.heads; ++head) weights[head * weights_row + key] = hidden;
        continue;
      }
      const float* const from = place.at(key_place, key);
      if (key + ahead < keys) prefetch_floats(place.at(key_place, key + ahead), options.groups * key_width);
      for (std::int64_t head = 0; head < options.heads; ++head) {
        float found = scale * dot(query + head * key_width, from + head / repeat * key_width, key_width);
        if (bias != nullptr) found += bias[head * bias_row + key];
        weights[head * weights_row + key] = found;
      }
    }
  };
  const auto add_values = [&](std::int64_t row, const RowKeys& place, const float* weights) {
    float* const to = outputs + row * output.size(1);
    for (std::int64_t key = 0; key < keys; ++key) {
      if (place.visible != nullptr && !place.visible[key]) continue;
      const float* const from = place.at(value_place, key);
      if (key + ahead < keys) prefetch_floats(place.at(value_place, key + ahead), options.groups * value_width);
      for (std::int64_t head = 0; head < options.heads; ++head) {
        const float weight = weights[head * weights_row + key];
        if (weight == 0) continue;
        add_scaled(weight, from + head / repeat * value_width, value_width, to + head * value_width);
      }
    }
  };

  const auto attend = [&](std::int64_t row, float* weights) {
    const std::int32_t* const sentence = history.sentences().data() + row;
    const RowKeys place{source ? sentence : history.writers(row), source ? 0 : 1,
                        source && options.visible.defined()
                            ? options.visible.const_data_ptr<bool>() + *sentence * options.visible.stride(0)
                            : nullptr};
    score(row, place, weights);
    for (std::int64_t head = 0; head < options.heads; ++head) {
      normalize_scores(weights + head * weights_row, keys, weights_row);
    }
    add_values(row, place, weights);
  };
  share_units((q.size(0) + rows_together - 1) / rows_together, [&](SharedUnits& units) {
    std::vector<float> weights(static_cast<std::size_t>(options.heads * weights_row));
    for (std::int64_t unit; (unit = units.take()) >= 0;) {
      const std::int64_t end = std::min(q.size(0), (unit + 1) * rows_together);
      for (std::int64_t row = unit * rows_together; row < end; ++row) attend(row, weights.data());
    }
  });
  return output;
}

}  // namespace ablate
