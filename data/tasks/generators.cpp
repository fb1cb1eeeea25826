#include "data/tasks/generators.h"

#include <iterator>
#include <string>
#include <unordered_set>
#include <utility>

#include "transformer/core/error.h"

namespace ablate::data {
namespace {

constexpr std::int64_t most_pairs = 10'000'000;
constexpr std::int64_t most_misses = 1'000'000;
constexpr std::string_view remedy = "; ask for fewer, or widen the limits on the sources";

std::string of_task(std::string_view task) { return "task '" + std::string(task) + "': "; }

std::vector<Pair> draw_distinct(std::string_view task, std::size_t wanted, SplitMix64& random, const DrawPair& draw) {
  std::vector<Pair> pairs;
  pairs.reserve(wanted);  // never grows after this: the views below point into it
  std::unordered_set<std::string_view> seen;
  seen.reserve(wanted);
  std::int64_t misses = 0;
  while (pairs.size() < wanted) {
    std::optional<Pair> pair = draw(random);
    if (pair && !seen.contains(pair->source)) {
      pairs.push_back(std::move(*pair));
      seen.insert(pairs.back().source);
      misses = 0;
    } else if (++misses == most_misses) {
      throw UserError(of_task(task) + "found only " + std::to_string(pairs.size()) + " distinct sources of " +
                      std::to_string(wanted) + " (train + dev + test): the last " + std::to_string(most_misses) +
                      " draws brought no new one" + std::string(remedy));
    }
  }
  return pairs;
}

std::vector<Pair> take_back(std::vector<Pair>& pairs, std::int64_t count) {
  const auto first = pairs.end() - count;
  std::vector<Pair> taken(std::make_move_iterator(first), std::make_move_iterator(pairs.end()));
  pairs.erase(first, pairs.end());
  return taken;
}

}  // namespace

void check_range(std::string_view task, std::string_view option, std::int64_t value, std::int64_t low,
                 std::int64_t high) {
  if (value >= low && value <= high) return;
  throw UserError(of_task(task) + std::string(option) + " is " + std::to_string(value) + ", but must lie between " +
                  std::to_string(low) + " and " + std::to_string(high));
}

Splits draw_splits(std::string_view task, const TaskOptions& options, double existing, const DrawPair& draw) {
  check_range(task, "train", options.train, 1, most_pairs);
  check_range(task, "dev", options.dev, 0, most_pairs);
  check_range(task, "test", options.test, 1, most_pairs);
  const std::int64_t wanted = options.train + options.dev + options.test;
  if (static_cast<double>(wanted) > existing) {
    throw UserError(of_task(task) + "train + dev + test ask for " + std::to_string(wanted) +
                    " pairs with distinct sources, but these options allow only " +
                    std::to_string(static_cast<std::int64_t>(existing)) + std::string(remedy));
  }
  SplitMix64 random(static_cast<std::uint64_t>(options.seed));
  std::vector<Pair> pairs = draw_distinct(task, static_cast<std::size_t>(wanted), random, draw);
  random.shuffle(std::span(pairs));
  Splits splits;
  splits.test = take_back(pairs, options.test);
  splits.dev = take_back(pairs, options.dev);
  splits.train = std::move(pairs);
  return splits;
}

}  // namespace ablate::data
