#include "transformer/kernels/step_attention.h"

#include "transformer/core/shape.h"
#include "transformer/kernels/vector.h"

#include <ATen/Parallel.h>

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

  const auto attend = [&](std::int64_t row, std::int64_t head, const RowKeys& place, float* weights) {
    const std::int64_t group = head / repeat;
    const float* const query = queries + row * q.size(1) + head * key_width;
    constexpr float hidden = -std::numeric_limits<float>::infinity();
    float maximum = hidden;
    for (std::int64_t key = 0; key < keys; ++key) {
      if (place.visible != nullptr && !place.visible[key]) {
        weights[key] = hidden;
        continue;
      }
      weights[key] = scale * dot(query, place.at(key_place, key) + group * key_width, key_width);
      if (bias != nullptr) weights[key] += bias[head * bias_row + key];
      // A score that is not a number has to stay one.
      maximum = weights[key] > maximum || std::isnan(weights[key]) ? weights[key] : maximum;
    }
    if (maximum == hidden) return;
    std::fill(weights + keys, weights + (keys + vector_width - 1) / vector_width * vector_width, hidden);
    Floats sums{};
    for (std::int64_t key = 0; key < keys; key += vector_width) {
      const Floats e = exp_of(load(weights + key) - maximum);
      store(weights + key, e);
      sums += e;
    }
    const auto normalizer = static_cast<float>(1 / sum_of(sums));
    float* const to = outputs + row * output.size(1) + head * value_width;
    for (std::int64_t key = 0; key < keys; ++key) {
      if (weights[key] == 0) continue;
      add_scaled(weights[key] * normalizer, place.at(value_place, key) + group * value_width, value_width, to);
    }
  };

  at::parallel_for(0, q.size(0), /*grain_size=*/4, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> weights(static_cast<std::size_t>(keys + vector_width));
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int32_t* const sentence = history.sentences().data() + row;
      const RowKeys place{source ? sentence : history.writers(row), source ? 0 : 1,
                          source && options.visible.defined()
                              ? options.visible.const_data_ptr<bool>() + *sentence * options.visible.stride(0)
                              : nullptr};
      for (std::int64_t head = 0; head < options.heads; ++head) attend(row, head, place, weights.data());
    }
  });
  return output;
}

}  // namespace ablate
