#include <algorithm>
#include <map>
#include <set>

#include "tests/catch.h"
#include "tests/data/tasks/support.h"
#include "transformer/core/error.h"

using namespace ablate::data;
using namespace ablate::data::testing;

namespace {

std::vector<int> numbers_of(const std::string& line) {
  std::vector<int> numbers;
  for (const std::string& token : tokens_of(line)) numbers.push_back(std::stoi(token));
  return numbers;
}

TaskOptions wide() {
  TaskOptions options;
  options.train = 2000;
  options.min_length = 4;
  options.max_length = 9;
  options.vocabulary = 120;
  return options;
}

}  // namespace

TEST_CASE("copy, reverse and sort do what they are called", "[data][tasks]") {
  for (const Pair& pair : all_pairs(generate("copy", wide()))) CHECK(pair.target == pair.source);
  for (const Pair& pair : all_pairs(generate("reverse", wide()))) {
    const std::vector<int> source = numbers_of(pair.source);
    CHECK(numbers_of(pair.target) == std::vector<int>(source.rbegin(), source.rend()));
  }
  for (const Pair& pair : all_pairs(generate("sort", wide()))) {
    const std::vector<int> target = numbers_of(pair.target);  // as numbers: 9 before 10
    CHECK(std::ranges::is_sorted(target));
    CHECK(std::ranges::is_permutation(target, numbers_of(pair.source)));
  }
}

TEST_CASE("lengths and symbols fill their ranges evenly", "[data][tasks]") {
  std::map<std::size_t, int> lengths;
  std::set<int> symbols;
  const std::vector<Pair> pairs = generate("copy", wide()).train;
  for (const Pair& pair : pairs) {
    const std::vector<int> numbers = numbers_of(pair.source);
    ++lengths[numbers.size()];
    symbols.insert(numbers.begin(), numbers.end());
  }
  REQUIRE(lengths.size() == 6);
  CHECK(lengths.begin()->first == 4);
  CHECK(lengths.rbegin()->first == 9);
  for (const auto& [length, count] : lengths) CHECK(std::abs(count - 2000 / 6) < 80);
  CHECK(symbols.size() == 120);
  CHECK(*symbols.begin() == 0);
  CHECK(*symbols.rbegin() == 119);
}

TEST_CASE("a space of sources can be used up to the last one, and no further", "[data][tasks]") {
  TaskOptions options;
  options.vocabulary = 3;
  options.max_length = 4;  // 3 + 9 + 27 + 81 = 120 sources
  options.train = 100;
  options.dev = 10;
  options.test = 10;
  CHECK(sorted_set(all_pairs(generate("reverse", options))).size() == 120);
  options.test = 11;
  CHECK_THROWS_AS(generate("reverse", options), ablate::UserError);
  CHECK_THROWS_MENTION(generate("reverse", options), "121");
  CHECK_THROWS_MENTION(generate("reverse", options), "allow only 120");
}

TEST_CASE("train, dev and test are alike, though short sources run out", "[data][tasks]") {
  TaskOptions options;
  options.vocabulary = 4;
  options.max_length = 6;  // 5460 sources
  options.train = 2000;
  options.dev = 1000;
  options.test = 1000;
  const Splits splits = generate("copy", options);
  const auto mean_length = [](const std::vector<Pair>& pairs) {
    double tokens = 0;
    for (const Pair& pair : pairs) tokens += static_cast<double>(tokens_of(pair.source).size());
    return tokens / static_cast<double>(pairs.size());
  };
  CHECK(mean_length(splits.dev) == Approx(mean_length(splits.train)).margin(0.1));
  CHECK(mean_length(splits.test) == Approx(mean_length(splits.train)).margin(0.1));
}

TEST_CASE("copy, reverse and sort refuse ranges that make no sense", "[data][tasks]") {
  TaskOptions options;
  options.min_length = 11;
  CHECK_THROWS_MENTION(generate("sort", options), "min_length is 11, but must lie between 1 and 10");
  options = {};
  options.max_length = 0;
  CHECK_THROWS_MENTION(generate("sort", options), "max_length is 0");
  options = {};
  options.vocabulary = 0;
  CHECK_THROWS_MENTION(generate("sort", options), "vocabulary is 0");
}
