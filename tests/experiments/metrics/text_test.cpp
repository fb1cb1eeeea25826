#include "experiments/metrics/text.h"

#include <stdexcept>

#include "tests/catch.h"
#include "tests/experiments/metrics/golden.h"

namespace ablate::metrics {

TEST_CASE("text: UTF-8 of every length is decoded", "[metrics]") {
  CHECK(decode_utf8("") == U"");
  CHECK((decode_utf8("a\xc3\x9f\xe6\xbc\xa2\xf0\x9f\x98\x80") == U"a\u00df\u6f22\U0001f600"));
  CHECK(decode_utf8(std::string_view("a\0b", 3)).size() == 3);
}

TEST_CASE("text: what is not well-formed UTF-8 is refused", "[metrics]") {
  CHECK_THROWS_MENTION(decode_utf8("ab\x80"), "invalid UTF-8 at byte 3");
  CHECK_THROWS_MENTION(decode_utf8("\xc0\xaf"), "byte 1");          // over-long
  CHECK_THROWS_MENTION(decode_utf8("\xe0\x80\x80"), "byte 1");      // over-long
  CHECK_THROWS_MENTION(decode_utf8("x\xed\xa0\x80"), "byte 2");     // a surrogate
  CHECK_THROWS_MENTION(decode_utf8("\xf4\x90\x80\x80"), "byte 1");  // above U+10FFFF
  CHECK_THROWS_MENTION(decode_utf8("ab\xe6\xbc"), "byte 3");        // cut off
}

TEST_CASE("text: white space is what Python takes for it", "[metrics]") {
  int count = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) count += is_space(c) ? 1 : 0;
  CHECK(count == 29);
  for (char32_t c : {U'\t', U'\n', U'\x1c', U'\x1f', U' ', U'\x85', U'\xa0', U'\u2028', U'\u3000'}) {
    CHECK(is_space(c));
  }
  for (char32_t c : {U'\0', U'\x1b', U'\x7f', U'\u180e', U'\u200b', U'\u2060', U'\ufeff'}) {
    CHECK_FALSE(is_space(c));
  }
}

TEST_CASE("text: split and strip_right", "[metrics]") {
  CHECK(split(U"").empty());
  CHECK(split(U" \t\u00a0").empty());
  CHECK((split(U"  a\u00a0bc \n") == std::vector<std::u32string_view>{U"a", U"bc"}));
  CHECK((strip_right(U"  a \u2009\n") == U"  a"));
  CHECK(strip_right(U" \n").empty());
}

TEST_CASE("text: lower case is Python's", "[metrics]") {
  for (const auto& expected : golden::file().at("lines")) {
    INFO(expected.dump());
    CHECK(lower_case(expected.at("line").get<std::string>()) == expected.at("lower").get<std::string>());
  }
  CHECK(lower_case("").empty());
  CHECK(lower_case("\xc4\xb0") == "i\xcc\x87");                                   // U+0130
  CHECK(lower_case("\xce\x91\xce\xa3 \xce\xa3") == "\xce\xb1\xcf\x82 \xcf\x83");  // final and lone sigma
  CHECK(lower_case("I") == "i");
}

}  // namespace ablate::metrics
