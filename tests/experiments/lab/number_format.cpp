#include "experiments/lab/number_format.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/catch.h"

using namespace ablate::lab;

TEST_CASE("compact numbers have three significant digits and a unit", "[lab]") {
  const std::vector<std::pair<double, std::string>> all = {
      {2605184, "2.61 M"},  {65e6, "65.0 M"},   {213e6, "213 M"},      {1.1e9, "1.10 B"}, {3.9e12, "3.90 T"},
      {41000, "41.0 k"},    {1000, "1.00 k"},   {999, "999"},          {7, "7"},          {0, "0"},
      {999499, "999 k"},    {999500, "1.00 M"}, {9994, "9.99 k"},      {9996, "10.0 k"},  {99960, "100 k"},
      {12.5, "12.5"},       {0.25, "0.25"},     {-2605184, "-2.61 M"}, {-3, "-3"},        {999.7, "1.00 k"},
      {1.1e19, "1.10e+19"}, {-0.0, "0"},        {999.4e12, "999 T"},
  };
  for (const auto& [value, text] : all) {
    CAPTURE(value);
    CHECK(compact(value) == text);
  }
}

TEST_CASE("a compact mean and its spread share unit and decimals", "[lab]") {
  CHECK(number_text(4012, 35.0, Notation::compact, 0) == NumberText{"4.01", "0.04", "k"});
  CHECK(number_text(40120, 350.0, Notation::compact, 0) == NumberText{"40.1", "0.3", "k"});
  CHECK(number_text(12, 1.0, Notation::compact, 0) == NumberText{"12.0", "1.0", ""});
}

TEST_CASE("fixed numbers have the decimals of their column", "[lab]") {
  CHECK(number_text(27.126, 0.346, Notation::fixed, 2) == NumberText{"27.13", "0.35", ""});
  CHECK(number_text(27.126, 0.346, Notation::fixed, 0) == NumberText{"27", "0", ""});
  CHECK(number_text(27.126, std::nullopt, Notation::fixed, 1) == NumberText{"27.1", "", ""});
  CHECK(number_text(9.996, std::nullopt, Notation::fixed, 2).mean == "10.00");
}

TEST_CASE("a number that rounds to zero has no sign", "[lab]") {
  CHECK(number_text(-0.001, std::nullopt, Notation::fixed, 2).mean == "0.00");
  CHECK(number_text(-0.4, std::nullopt, Notation::fixed, 0).mean == "0");
  CHECK(number_text(-0.006, std::nullopt, Notation::fixed, 2).mean == "-0.01");
}

TEST_CASE("a perplexity that exploded does not widen its column", "[lab]") {
  CHECK(number_text(2.605e13, 4e12, Notation::fixed, 2) == NumberText{"2.60e+13", "4.00e+12", ""});
  CHECK(number_text(9999999, std::nullopt, Notation::fixed, 0).mean == "9999999");
}

TEST_CASE("a difference in percent always tells its sign", "[lab]") {
  const auto printed = [](double value) { return number_text(value, std::nullopt, Notation::signed_percent, 2); };
  CHECK(printed(0.123) == NumberText{"+0.12", "", "%"});
  CHECK(printed(-3) == NumberText{"-3.00", "", "%"});
  CHECK(printed(0) == NumberText{"0", "", "%"});
  CHECK(printed(-0.0) == NumberText{"0", "", "%"});
  CHECK(printed(0.001) == NumberText{"+0.00", "", "%"});
  CHECK(printed(-0.001) == NumberText{"-0.00", "", "%"});
  CHECK(printed(2.5e7) == NumberText{"+2.50e+07", "", "%"});
  CHECK(number_text(1.5, 0.25, Notation::signed_percent, 1) == NumberText{"+1.5", "0.2", "%"});
}

TEST_CASE("every notation has its name", "[lab]") {
  CHECK(name_of(Notation::fixed) == "fixed");
  CHECK(name_of(Notation::compact) == "compact");
  CHECK(name_of(Notation::signed_percent) == "signed_percent");
}
