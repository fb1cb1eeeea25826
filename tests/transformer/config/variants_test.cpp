#include "transformer/config/variants.h"

#include "tests/catch.h"
#include "transformer/core/error.h"

using namespace ablate::config;

namespace {

constexpr Variant<int> rows[] = {
    {{"square", "four equal sides", "Euclid", "side"}, 4},
    {{"rectangle", "two pairs of sides", "", "side width"}, 4},
    {{"circle", "one line", "", "radius"}, 1},
};
constexpr VariantTable<int> shapes{"shape", rows};

}  // namespace

TEST_CASE("a table gives the value of a row by name", "[config][variants]") {
  CHECK(shapes.at("circle") == 1);
  CHECK(shapes.rows().size() == 3);
}

TEST_CASE("an unknown row is the user's error, with a suggestion", "[config][variants]") {
  CHECK_THROWS_AS(shapes.at("cirle"), ablate::UserError);
  CHECK_THROWS_MENTION(shapes.at("cirle"), "unknown shape 'cirle' (did you mean 'circle'?)");
  CHECK_THROWS_MENTION(shapes.at("dodecahedron"), "(one of: square, rectangle, circle)");
  CHECK_THROWS_MENTION(shapes.at(""), "unknown shape ''");
}

TEST_CASE("choices are the table without its values", "[config][variants]") {
  const Choices choices = shapes.choices();
  CHECK(choices.axis() == "shape");
  CHECK(choices.size() == 3);
  CHECK(choices[1].doc == "two pairs of sides");
  CHECK(choices.names() == std::vector<std::string>{"square", "rectangle", "circle"});
  REQUIRE(choices.find("square") != nullptr);
  CHECK(choices.find("square")->paper == "Euclid");
  CHECK(choices.find("Square") == nullptr);
}

TEST_CASE("a row names the options that it uses, by whole words", "[config][variants]") {
  const Choices choices = shapes.choices();
  CHECK(choices[0].uses_option("side"));
  CHECK_FALSE(choices[0].uses_option("width"));
  CHECK(choices[1].uses_option("width"));
  CHECK_FALSE(choices[1].uses_option("wid"));
  CHECK_FALSE(choices[1].uses_option("side width"));
  CHECK_FALSE(choices[1].uses_option(""));
  CHECK(choices.is_option("radius"));
  CHECK_FALSE(choices.is_option("colour"));
}
