#include <algorithm>
#include <map>

#include "tests/catch.h"
#include "tests/data/tasks/support.h"

using namespace ablate::data;
using namespace ablate::data::testing;

namespace {

/// What one expression says, read with a stack and not as the generator wrote it.
struct Reading {
  int value = -1;
  std::size_t depth = 1;  // levels, the digits' level included
  std::size_t tokens = 0;
  std::size_t parentheses = 0;
  std::map<std::string, int> operators;
  std::map<std::size_t, int> arguments;
};

int evaluate(const std::string& name, const std::vector<int>& arguments) {
  std::vector<int> sorted = arguments;
  std::sort(sorted.begin(), sorted.end());
  if (name == "[MIN") return sorted.front();
  if (name == "[MAX") return sorted.back();
  if (name == "[SM") {
    int sum = 0;
    for (const int argument : arguments) sum = (sum + argument) % 10;
    return sum;
  }
  REQUIRE(name == "[MED");
  const std::size_t half = sorted.size() / 2;
  const double median = sorted.size() % 2 == 1 ? sorted[half] : 0.5 * (sorted[half - 1] + sorted[half]);
  return static_cast<int>(median);
}

Reading read(const std::string& source) {
  Reading reading;
  std::vector<std::pair<std::string, std::vector<int>>> open = {{"", {}}};
  for (const std::string& token : tokens_of(source)) {
    if (token == "(" || token == ")") {
      ++reading.parentheses;
      continue;
    }
    ++reading.tokens;
    if (token.front() == '[') {
      ++reading.operators[token];
      open.push_back({token, {}});
      reading.depth = std::max(reading.depth, open.size());
      continue;
    }
    int value = 0;
    if (token == "]") {
      value = evaluate(open.back().first, open.back().second);
      ++reading.arguments[open.back().second.size()];
      open.pop_back();
    } else {
      REQUIRE(token.size() == 1);
      value = token.front() - '0';
    }
    open.back().second.push_back(value);
  }
  REQUIRE(open.size() == 1);
  REQUIRE(open.front().second.size() == 1);
  reading.value = open.front().second.front();
  return reading;
}

TaskOptions sized(std::int64_t train, std::int64_t dev, std::int64_t test) {
  TaskOptions options;
  options.train = train;
  options.dev = dev;
  options.test = test;
  return options;
}

}  // namespace

TEST_CASE("the evaluator of these tests knows the operators of the paper", "[data][tasks][listops]") {
  CHECK(read("[MAX 2 9 [MIN 4 7 ] 0 ]").value == 9);
  CHECK(read("[MED 1 2 4 ]").value == 2);
  CHECK(read("[MED 1 2 5 9 ]").value == 3);
  CHECK(read("[SM 9 8 [MED 6 7 ] ]").value == 3);
}

TEST_CASE("ListOps: the target is the value of the source", "[data][tasks][listops]") {
  for (const Pair& pair : all_pairs(generate("listops", sized(3000, 500, 500)))) {
    CHECK(pair.target == std::to_string(read(pair.source).value));
  }
}

TEST_CASE("ListOps: the published process", "[data][tasks][listops]") {
  // Of the published test set (10,000 of 100,000 expressions): 42.8 tokens on average, median 16, 390 at the
  // 99th percentile, at most 19 nested operators, a bare digit once.
  const std::vector<Pair> pairs = all_pairs(generate("listops", sized(88'000, 2'000, 10'000)));
  std::map<std::string, int> operators;
  std::map<std::size_t, int> arguments;
  std::vector<std::size_t> lengths;
  std::size_t tokens = 0;
  std::size_t deepest = 0;
  for (const Pair& pair : pairs) {
    const Reading reading = read(pair.source);
    for (const auto& [name, count] : reading.operators) operators[name] += count;
    for (const auto& [size, count] : reading.arguments) arguments[size] += count;
    lengths.push_back(reading.tokens);
    tokens += reading.tokens;
    deepest = std::max(deepest, reading.depth);
  }
  std::ranges::sort(lengths);
  CHECK(static_cast<double>(tokens) / static_cast<double>(pairs.size()) == Approx(42.8).margin(1));
  CHECK(lengths[lengths.size() / 2] == 16);
  CHECK(static_cast<double>(lengths[lengths.size() / 100 * 99]) == Approx(390).margin(20));
  CHECK(deepest == 20);
  CHECK(std::ranges::count(lengths, 1u) == 10);
  const int total = operators["[MIN"] + operators["[MAX"] + operators["[MED"] + operators["[SM"];
  CHECK(operators.size() == 4);
  for (const auto& [name, count] : operators) CHECK(count == Approx(total / 4.0).epsilon(0.02));
  CHECK(arguments.size() == 4);
  CHECK(arguments.begin()->first == 2);
  for (const auto& [size, count] : arguments) CHECK(count == Approx(total / 4.0).epsilon(0.07));
}

TEST_CASE("ListOps: parentheses group to the left, and change nothing else", "[data][tasks][listops]") {
  TaskOptions options = sized(500, 50, 50);
  const std::vector<Pair> plain = all_pairs(generate("listops", options));
  options.parentheses = true;
  const std::vector<Pair> grouped = all_pairs(generate("listops", options));
  REQUIRE(grouped.size() == plain.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    std::string without;
    for (const std::string& token : tokens_of(grouped[i].source)) {
      if (token != "(" && token != ")") without += (without.empty() ? "" : " ") + token;
    }
    CHECK(without == plain[i].source);
    CHECK(grouped[i].target == plain[i].target);
    std::size_t pairs = 0;  // one for every argument, and one for the closing bracket
    for (const auto& [size, count] : read(plain[i].source).arguments) {
      pairs += (size + 1) * static_cast<std::size_t>(count);
    }
    CHECK(read(grouped[i].source).parentheses == 2 * pairs);
  }
  const auto holds = [&](const std::string& source) {
    return std::ranges::find(grouped, source, &Pair::source) != grouped.end();
  };
  CHECK(holds("( ( ( ( [SM 9 ) 9 ) ( ( ( ( [MIN 4 ) 0 ) 3 ) ] ) ) ] )"));
}

TEST_CASE("ListOps: depth, arguments and tokens stay within their limits", "[data][tasks][listops]") {
  TaskOptions options = sized(300, 50, 50);
  options.max_depth = 4;
  options.max_args = 3;
  options.min_tokens = 8;
  options.max_tokens = 20;
  std::size_t deepest = 0;
  for (const Pair& pair : all_pairs(generate("listops", options))) {
    const Reading reading = read(pair.source);
    deepest = std::max(deepest, reading.depth);
    CHECK(reading.arguments.rbegin()->first <= 3);
    CHECK(reading.tokens >= 8);
    CHECK(reading.tokens <= 20);
  }
  CHECK(deepest == 4);
}

TEST_CASE("ListOps: too few expressions, by count or by their limits in tokens", "[data][tasks][listops]") {
  TaskOptions options = sized(400, 5, 5);
  options.max_depth = 2;
  options.max_args = 2;  // 10 digits, 4 * 100 operations
  CHECK(sorted_set(all_pairs(generate("listops", options))).size() == 410);
  options.train = 401;
  CHECK_THROWS_MENTION(generate("listops", options), "allow only 410");
  options.train = 100;
  options.max_tokens = 1;
  CHECK_THROWS_MENTION(generate("listops", options), "found only 10 distinct sources of 110");
  options.max_args = 1;
  CHECK_THROWS_MENTION(generate("listops", options), "max_args is 1");
  options = sized(400, 5, 5);
  options.min_tokens = 3000;
  CHECK_THROWS_MENTION(generate("listops", options), "min_tokens is 3000, but must lie between 1 and 2000");
}
