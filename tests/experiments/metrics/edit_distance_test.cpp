#include "experiments/metrics/edit_distance.h"

#include <algorithm>

#include "experiments/metrics/score.h"
#include "tests/catch.h"

namespace ablate::metrics {

namespace {

Edits edits_between(const std::string& said, const std::string& wanted) {
  return edits_of_lines({said}, {{wanted}}).at(0);
}

/// The definition: the first letters are the same, or one of three edits is the first.
std::int64_t by_definition(const std::string& said, const std::string& wanted) {
  if (said.empty() || wanted.empty()) return static_cast<std::int64_t>(said.size() + wanted.size());
  const std::string shorter = said.substr(1), rest = wanted.substr(1);
  if (said.front() == wanted.front()) return by_definition(shorter, rest);
  return 1 + std::min({by_definition(shorter, wanted), by_definition(said, rest), by_definition(shorter, rest)});
}

std::string spelt(const std::string& letters) {
  std::string line;
  for (const char letter : letters) line += (line.empty() ? "" : " ") + std::string(1, letter);
  return line;
}

}  // namespace

TEST_CASE("edits: tokens put in, left out and replaced are counted", "[metrics]") {
  CHECK(edits_between("a b c", "a b c") == Edits{0, 3, 1});
  CHECK(edits_between("a c", "a b c") == Edits{1, 3, 1});
  CHECK(edits_between("a b b c", "a b c") == Edits{1, 3, 1});
  CHECK(edits_between("a x c", "a b c") == Edits{1, 3, 1});
  CHECK(edits_between("b c a", "a b c") == Edits{2, 3, 1});
  CHECK(edits_between("", "a b") == Edits{2, 2, 1});
  CHECK(edits_between(" a  b ", "a b") == Edits{0, 2, 1});
  CHECK(edits_between("a b", "") == Edits{2, 0, 1});
}

TEST_CASE("edits: the distance is that of its definition", "[metrics]") {
  std::vector<std::string> words{""};
  for (std::size_t i = 0; i < words.size() && words[i].size() < 4; ++i) {
    for (const char letter : {'a', 'b', 'c'}) words.push_back(words[i] + letter);
  }
  for (std::size_t i = 0; i < words.size(); i += 7) {
    for (std::size_t j = 0; j < words.size(); j += 5) {
      INFO(words[i] << " " << words[j]);
      CHECK(edits_between(spelt(words[i]), spelt(words[j])).edits == by_definition(words[i], words[j]));
    }
  }
}

TEST_CASE("edits: the reference with the fewest, the first of equals", "[metrics]") {
  CHECK(edits_of_lines({"a b"}, {{"a x y"}, {"a b c d"}, {"a"}}).at(0) == Edits{1, 1, 1});
  CHECK(edits_of_lines({"a b"}, {{"a b c"}, {"a"}}).at(0) == Edits{1, 3, 1});
  CHECK(edits_of_lines({"A \xc3\x89"}, {{"a \xc3\xa9"}}, {.lowercase = true}).at(0) == Edits{0, 2, 1});
  CHECK_THROWS_MENTION(edits_of_lines({"a"}, {{"a", "b"}}), "unequal line counts");
}

TEST_CASE("edits: a rate is over all tokens, a distance over all lines", "[metrics]") {
  const Lines hypotheses{"HH AH L OW", "W ER D"};
  const References references{{"HH AH L OW", "W ER L D S"}};
  const Score rate = score("token_error_rate", hypotheses, references);
  CHECK(rate.value == Approx(100 * 2.0 / 9));
  CHECK(rate.text == "token error rate|nrefs:1|case:mixed|version:ablate-1 = 22.22 (2 edits in 9 tokens)");
  const Score distance = score("edit_distance", hypotheses, references);
  CHECK(distance.value == Approx(1));
  CHECK(distance.text == "edit distance|nrefs:1|case:mixed|version:ablate-1 = 1.00 (2 edits in 2 lines)");
  CHECK(token_error_rate({5, 2, 1}) == 250);
  CHECK(token_error_rate({0, 0, 1}) == 0);
  CHECK(token_error_rate({3, 0, 1}) == 100);
  CHECK(mean_edit_distance({}) == 0);
}

}  // namespace ablate::metrics
