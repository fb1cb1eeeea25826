#include "experiments/lab/length_quality.h"

#include "experiments/metrics/score.h"

#include <algorithm>
#include <numeric>

namespace ablate::lab {

std::string LengthBucket::name() const {
  return shortest == longest ? std::to_string(shortest) : std::to_string(shortest) + "–" + std::to_string(longest);
}

std::vector<LengthBucket> length_buckets(const data::Split& split, std::size_t most) {
  std::vector<std::size_t> order(static_cast<std::size_t>(split.size()));
  std::iota(order.begin(), order.end(), 0);
  const auto length = [&](std::size_t i) { return split.source_length(static_cast<std::int64_t>(i)); };
  std::ranges::stable_sort(order, {}, length);
  std::vector<LengthBucket> buckets;
  for (std::size_t begin = 0; begin < order.size();) {
    const std::size_t left = std::max<std::size_t>(1, most - std::min(most, buckets.size()));
    std::size_t end = begin + std::max<std::size_t>(1, (order.size() - begin) / left);
    while (end < order.size() && length(order[end]) == length(order[end - 1])) ++end;
    buckets.push_back({length(order[begin]), length(order[end - 1]), {}});
    for (; begin < end; ++begin) buckets.back().sentences.push_back(order[begin]);
  }
  return buckets;
}

std::vector<double> quality_by_length(const std::string& metric, const metrics::Lines& outputs,
                                      const metrics::Lines& references, const std::vector<LengthBucket>& buckets) {
  const metrics::MetricRequest request = metrics::parse_request(metric);
  std::vector<double> values;
  for (const LengthBucket& bucket : buckets) {
    metrics::Lines found, expected;
    for (const std::size_t i : bucket.sentences) {
      found.push_back(outputs.at(i));
      expected.push_back(references.at(i));
    }
    values.push_back(metrics::score(request.name, found, {expected}, request.options).value);
  }
  return values;
}

}  // namespace ablate::lab
