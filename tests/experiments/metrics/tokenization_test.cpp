#include "experiments/metrics/tokenization.h"

#include <stdexcept>

#include "experiments/metrics/text.h"
#include "tests/catch.h"
#include "tests/experiments/metrics/golden.h"

namespace ablate::metrics {

namespace {

// The tokens with one space between them.
std::u32string spaced(std::u32string_view line, Tokenization tokenization) {
  std::u32string text;
  for (const std::u32string& token : tokenize(line, tokenization)) {
    text += (text.empty() ? U"" : U" ") + token;
  }
  return text;
}

}  // namespace

TEST_CASE("tokenization: every hard line comes out as sacreBLEU has it", "[metrics]") {
  REQUIRE(golden::file().at("lines").size() > 100);
  for (const auto& expected : golden::file().at("lines")) {
    const std::u32string line = decode_utf8(expected.at("line").get<std::string>());
    for (const TokenizationRow& row : tokenizations) {
      INFO(row.name << ": " << expected.dump());
      const std::string tokens = expected.at("tokens").at(std::string(row.name));
      CHECK((spaced(strip_right(line), row.value) == decode_utf8(tokens)));
    }
  }
}

TEST_CASE("tokenization: 13a keeps numbers and the apostrophe together", "[metrics]") {
  CHECK((spaced(U"It's 1,000.5!", Tokenization::mteval_13a) == U"It's 1,000.5 !"));
  CHECK((spaced(U"2-3 a-b", Tokenization::mteval_13a) == U"2 - 3 a-b"));
  CHECK((spaced(U"In 2019.", Tokenization::mteval_13a) == U"In 2019 ."));
}

TEST_CASE("tokenization: 13a undoes entities, skips and line breaks", "[metrics]") {
  CHECK((spaced(U"&quot;a&quot; &amp;lt; <skipped>b", Tokenization::mteval_13a) == U"\" a \" < b"));
  CHECK((spaced(U"hy-\nphen new\nline", Tokenization::mteval_13a) == U"hyphen new line"));
}

TEST_CASE("tokenization: intl leaves the full stop behind a number at the end", "[metrics]") {
  CHECK((spaced(U"In 2019.", Tokenization::international) == U"In 2019."));
  CHECK((spaced(U"«Да», 5€", Tokenization::international) == U"« Да » , 5 €"));
}

TEST_CASE("tokenization: names", "[metrics]") {
  for (const TokenizationRow& row : tokenizations) CHECK(name_of(row.value) == row.name);
}

}  // namespace ablate::metrics
