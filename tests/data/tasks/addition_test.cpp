#include <array>
#include <map>

#include "tests/catch.h"
#include "tests/data/tasks/support.h"

using namespace ablate::data;
using namespace ablate::data::testing;

namespace {

struct Sum {
  std::string left, right, result;  // digits without spaces
};

Sum read(const Pair& pair) {
  Sum sum;
  std::string* side = &sum.left;
  for (const std::string& token : tokens_of(pair.source)) {
    REQUIRE(token.size() == 1);
    if (token == "+") {
      side = &sum.right;
    } else {
      *side += token;
    }
  }
  for (const std::string& token : tokens_of(pair.target)) sum.result += token;
  return sum;
}

/// Schoolbook addition on strings of digits, the most significant first.
std::string add_by_hand(const std::string& left, const std::string& right) {
  std::string reversed;
  int carry = 0;
  for (std::size_t place = 0; place < std::max(left.size(), right.size()) || carry > 0; ++place) {
    if (place < left.size()) carry += left[left.size() - 1 - place] - '0';
    if (place < right.size()) carry += right[right.size() - 1 - place] - '0';
    reversed += static_cast<char>('0' + carry % 10);
    carry /= 10;
  }
  return {reversed.rbegin(), reversed.rend()};
}

}  // namespace

TEST_CASE("addition adds, up to the longest operands", "[data][tasks]") {
  for (const std::int64_t digits : {std::int64_t{3}, std::int64_t{18}}) {
    TaskOptions options;
    options.digits = digits;
    std::map<std::size_t, int> lengths;
    for (const Pair& pair : all_pairs(generate("addition", options))) {
      const Sum sum = read(pair);
      CHECK(sum.result == add_by_hand(sum.left, sum.right));
      for (const std::string& number : {sum.left, sum.right, sum.result}) {
        CHECK((number == "0" || number.front() != '0'));
      }
      ++lengths[sum.left.size()];
    }
    CHECK(lengths.size() == static_cast<std::size_t>(digits));
    CHECK(lengths.rbegin()->first == static_cast<std::size_t>(digits));
  }
}

TEST_CASE("addition of single digits has a hundred sources, all of which can be asked for", "[data][tasks]") {
  TaskOptions options;
  options.digits = 1;
  options.train = 80;
  options.dev = 10;
  options.test = 10;
  CHECK(sorted_set(all_pairs(generate("addition", options))).size() == 100);
  options.train = 81;
  CHECK_THROWS_MENTION(generate("addition", options), "allow only 100");
  options.digits = 19;
  CHECK_THROWS_MENTION(generate("addition", options), "digits is 19, but must lie between 1 and 18");
}
