#include "data/span_corruption.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace ablate::data {
namespace {

/// Lengths of `segments` segments of `items` items, none of them empty, each division as likely; one of all items where
/// they are too few.
std::vector<std::int64_t> random_segments(std::int64_t items, std::int64_t segments, SplitMix64& random) {
  if (items < segments) return {items};
  // Between two neighbours there is a border or there is none.
  std::vector<char> borders(static_cast<std::size_t>(items - 1), 0);
  std::fill_n(borders.begin(), segments - 1, static_cast<char>(1));
  random.shuffle(std::span(borders));
  std::vector<std::int64_t> lengths{1};
  for (const char border : borders) {
    if (border != 0) {
      lengths.push_back(1);
    } else {
      ++lengths.back();
    }
  }
  return lengths;
}

}  // namespace

SpanCounts span_counts(std::int64_t tokens, const ObjectiveConfig& objective) {
  if (tokens == 0) return {0, 0};
  const std::int64_t wanted = std::llround(objective.noise_density * static_cast<double>(tokens));
  const std::int64_t noise = std::clamp<std::int64_t>(wanted, 1, std::max<std::int64_t>(1, tokens - 1));
  const std::int64_t spans = std::llround(static_cast<double>(noise) / objective.mean_span_length);
  return {noise, std::clamp<std::int64_t>(spans, 1, std::max<std::int64_t>(1, tokens - noise))};
}

std::vector<bool> random_spans(std::int64_t tokens, const ObjectiveConfig& objective, SplitMix64& random) {
  std::vector<bool> is_noise;
  const auto [noise, spans] = span_counts(tokens, objective);
  if (noise == 0) return is_noise;
  const std::vector<std::int64_t> cut = random_segments(noise, spans, random);
  const std::vector<std::int64_t> kept = random_segments(tokens - noise, spans, random);
  for (std::size_t i = 0; i < cut.size(); ++i) {
    is_noise.insert(is_noise.end(), static_cast<std::size_t>(kept[i]), false);
    is_noise.insert(is_noise.end(), static_cast<std::size_t>(cut[i]), true);
  }
  return is_noise;
}

CorruptedRow corrupt_spans(std::span<const std::int32_t> tokens, const std::vector<bool>& noise,
                           std::span<const std::int32_t> sentinels) {
  if (noise.size() != tokens.size()) {
    throw std::invalid_argument("corrupt_spans: " + std::to_string(noise.size()) + " signs of noise for " +
                                std::to_string(tokens.size()) + " tokens");
  }
  CorruptedRow row;
  std::size_t used = 0;
  const auto next_sentinel = [&] {
    if (used == sentinels.size()) {
      throw std::invalid_argument("corrupt_spans: " + std::to_string(used) + " sentinels are too few");
    }
    return sentinels[used++];
  };
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!noise[i]) {
      row.source.push_back(tokens[i]);
      continue;
    }
    if (i == 0 || !noise[i - 1]) {
      row.source.push_back(next_sentinel());
      row.target.push_back(row.source.back());
    }
    row.target.push_back(tokens[i]);
  }
  row.target.push_back(next_sentinel());
  return row;
}

}  // namespace ablate::data
