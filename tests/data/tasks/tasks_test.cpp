// The laws that every row of the table of tasks obeys.
#include "data/tasks/tasks.h"

#include <functional>
#include <map>
#include <set>

#include "tests/catch.h"
#include "tests/data/tasks/support.h"
#include "transformer/core/error.h"

using namespace ablate::data;
using namespace ablate::data::testing;

namespace {

TaskOptions small() {
  TaskOptions options;
  options.train = 200;
  options.dev = 30;
  options.test = 40;
  return options;
}

std::set<std::string> sources_of(const std::vector<Pair>& pairs) {
  std::set<std::string> sources;
  for (const Pair& pair : pairs) sources.insert(pair.source);
  return sources;
}

bool is_well_formed(const std::string& line) {
  std::string joined;
  for (const std::string& token : tokens_of(line)) joined += (joined.empty() ? "" : " ") + token;
  return !line.empty() && joined == line;
}

bool share_nothing(const std::set<std::string>& a, const std::set<std::string>& b) {
  return std::ranges::none_of(a, [&](const std::string& source) { return b.contains(source); });
}

/// A change of each option that is visible in the pairs of a task that reads it.
const std::map<std::string, std::function<void(TaskOptions&)>> changes = {
    {"seed", [](TaskOptions& o) { o.seed = 2; }},
    {"train", [](TaskOptions& o) { o.train = 201; }},
    {"dev", [](TaskOptions& o) { o.dev = 31; }},
    {"test", [](TaskOptions& o) { o.test = 41; }},
    {"min_length", [](TaskOptions& o) { o.min_length = 3; }},
    {"max_length", [](TaskOptions& o) { o.max_length = 12; }},
    {"vocabulary", [](TaskOptions& o) { o.vocabulary = 11; }},
    {"digits", [](TaskOptions& o) { o.digits = 4; }},
    {"split", [](TaskOptions& o) { o.split = "length"; }},
    {"max_depth", [](TaskOptions& o) { o.max_depth = 4; }},
    {"max_args", [](TaskOptions& o) { o.max_args = 4; }},
    {"min_tokens", [](TaskOptions& o) { o.min_tokens = 10; }},
    {"max_tokens", [](TaskOptions& o) { o.max_tokens = 30; }},
    {"parentheses", [](TaskOptions& o) { o.parentheses = true; }},
};

}  // namespace

TEST_CASE("every task: as many pairs as asked for, well-formed, no source in two splits", "[data][tasks]") {
  for (const auto& row : tasks().rows()) {
    CAPTURE(row.info.name);
    const Splits splits = row.value(small());
    CHECK(splits.dev.size() == 30);
    if (row.info.uses_option("train")) {
      CHECK(splits.train.size() == 200);
      CHECK(splits.test.size() == 40);
      CHECK(sources_of(all_pairs(splits)).size() == 270);
    }
    const auto ill_formed = [](const Pair& pair) {
      return !is_well_formed(pair.source) || !is_well_formed(pair.target);
    };
    CHECK(std::ranges::none_of(all_pairs(splits), ill_formed));
    const std::set<std::string> train = sources_of(splits.train);
    const std::set<std::string> dev = sources_of(splits.dev);
    const std::set<std::string> test = sources_of(splits.test);
    CHECK(share_nothing(train, dev));
    CHECK(share_nothing(train, test));
    CHECK(share_nothing(dev, test));
  }
}

TEST_CASE("every task: the options of its row act, and no others", "[data][tasks]") {
  for (const auto& row : tasks().rows()) {
    const std::uint64_t before = checksum(all_pairs(row.value(small())));
    CHECK(checksum(all_pairs(row.value(small()))) == before);
    for (const auto& [name, change] : changes) {
      CAPTURE(row.info.name, name);
      TaskOptions options = small();
      change(options);
      CHECK((checksum(all_pairs(row.value(options))) != before) == row.info.uses_option(name));
    }
    for (const std::string& name : tokens_of(std::string(row.info.uses))) CHECK(changes.contains(name));
  }
}

TEST_CASE("every task gives the same pairs on every machine", "[data][tasks]") {
  const std::map<std::string_view, std::uint64_t> golden = {
      {"copy", 0x73dbf14a9b435c89u},     {"reverse", 0xef9f86e7c8afe351u}, {"sort", 0x2340f61d60354ce9u},
      {"addition", 0x26655e5569854ca8u}, {"scan", 0xc44ed245bf900ec1u},    {"listops", 0xb4ea56ea487a0418u},
  };
  for (const auto& row : tasks().rows()) {
    CAPTURE(row.info.name);
    REQUIRE(golden.contains(row.info.name));
    CHECK(checksum(all_pairs(row.value(small()))) == golden.at(row.info.name));
  }
}

TEST_CASE("tasks that draw name the option that is out of range", "[data][tasks]") {
  for (const auto& row : tasks().rows()) {
    if (!row.info.uses_option("train")) continue;
    CAPTURE(row.info.name);
    TaskOptions options = small();
    options.train = 0;
    CHECK_THROWS_MENTION(row.value(options), "train is 0, but must lie between 1 and");
    options = small();
    options.dev = -1;
    CHECK_THROWS_MENTION(row.value(options), "dev is -1");
    options = small();
    options.test = std::int64_t{1} << 62;
    CHECK_THROWS_AS(row.value(options), ablate::UserError);
  }
}

TEST_CASE("an unknown task or split is answered with the nearest name", "[data][tasks]") {
  CHECK_THROWS_MENTION(generate("revers"), "reverse");
  TaskOptions options;
  options.split = "lenght";
  CHECK_THROWS_MENTION(generate("scan", options), "length");
}
