#include "transformer/config/reader.h"

#include <algorithm>

#include "tests/catch.h"
#include "tests/transformer/config/sample.h"
#include "transformer/core/error.h"

using namespace ablate::config;
using ablate::Json;
using sample::read;
using Errors = std::vector<std::string>;

namespace {

/// The one error of a file; a text that matches nothing if there are none or several.
std::string error_of(const char* text) {
  const Errors errors = read({text}).errors;
  return errors.size() == 1 ? errors.front() : std::to_string(errors.size()) + " errors";
}

}  // namespace

TEST_CASE("an empty document gives the defaults", "[config][reader]") {
  const sample::Read result = read({"{}"});
  CHECK(result.errors.empty());
  CHECK(result.shop.name == "unnamed");
  CHECK(result.shop.roast.minutes == 7);
  CHECK_FALSE(result.shop.tables);
  CHECK(result.shop.hours == std::vector<std::int64_t>{8, 18});
}

TEST_CASE("every type of field is read", "[config][reader]") {
  const sample::Read result = read({R"({"name": "n", "colour": "green", "tables": 3, "discount": 0.5, "owner": "o",
      "hours": [1, 2, 3], "flags": ["red", "green"], "notes": {"x": [1]}, "price": 3,
      "roast": {"kind": "light", "minutes": 1e2, "organic": false}, "north": {"seats": 9.0}})"});
  CHECK(result.errors == Errors{});
  const sample::Shop& shop = result.shop;
  CHECK(shop.name == "n");
  CHECK(shop.colour == "green");
  CHECK(shop.tables == 3);
  CHECK(shop.discount == 0.5);
  CHECK(shop.owner == "o");
  CHECK(shop.hours == std::vector<std::int64_t>{1, 2, 3});
  CHECK(shop.flags == std::vector<std::string>{"red", "green"});
  CHECK(shop.notes == Json::parse(R"({"x": [1]})"));
  CHECK(shop.price == 3);
  CHECK(shop.roast.minutes == 100);
  CHECK_FALSE(shop.roast.organic);
  CHECK(shop.north.seats == 9);
}

TEST_CASE("null empties an optional field that an earlier layer filled", "[config][reader]") {
  const sample::Read result =
      read({R"({"tables": 3, "owner": "o", "discount": 0.1})", R"({"tables": null, "owner": null, "discount": null})"});
  CHECK(result.errors == Errors{});
  CHECK_FALSE(result.shop.tables);
  CHECK_FALSE(result.shop.owner);
  CHECK_FALSE(result.shop.discount);
}

TEST_CASE("an unknown key is an error with its path and a suggestion", "[config][reader]") {
  CHECK(error_of(R"({"nmae": "x"})") == "layer 0: nmae: unknown key (did you mean 'name'?)");
  CHECK(error_of(R"({"north": {"roast": {"minuts": 3}}})") ==
        "layer 0: north.roast.minuts: unknown key (did you mean 'minutes'?)");
  CHECK(error_of(R"({"roast": {"barrel_aging": 3}})") ==
        "layer 0: roast.barrel_aging: unknown key (one of: acid, kind, minutes, organic)");
  CHECK(error_of(R"({"north.seatz": 3})") == "layer 0: north.seatz: unknown key (did you mean 'seats'?)");
}

TEST_CASE("an unknown variant is an error with a suggestion", "[config][reader]") {
  CHECK(error_of(R"({"roast": {"kind": "drak"}})") ==
        "layer 0: roast.kind: unknown roast 'drak' (did you mean 'dark'?)");
  CHECK(error_of(R"({"colour": "ultraviolet"})") ==
        "layer 0: colour: unknown colour 'ultraviolet' (one of: red, green)");
  CHECK(error_of(R"({"flags": ["red", "gren"]})") ==
        "layer 0: flags[1]: unknown colour 'gren' (did you mean 'green'?)");
}

TEST_CASE("a wrong type is an error that says what was expected and what stands there", "[config][reader]") {
  CHECK(error_of(R"({"name": 3})") == "layer 0: name: expected a text, got a whole number");
  CHECK(error_of(R"({"price": "3"})") == "layer 0: price: expected a number, got the text \"3\"");
  CHECK(error_of(R"({"price": null})") == "layer 0: price: expected a number, got null");
  CHECK(error_of(R"({"tables": 2.5})") == "layer 0: tables: expected a whole number, got a number with a fraction");
  CHECK(error_of(R"({"tables": 1e300})") == "layer 0: tables: must be at most 9007199254740992 (2^53), not 1e+300");
  CHECK(error_of(R"({"tables": 18446744073709551615})") ==
        "layer 0: tables: must be at most 9007199254740992 (2^53), not 18446744073709551615");
  CHECK(error_of(R"({"roast": {"organic": 1}})") ==
        "layer 0: roast.organic: expected true or false, got a whole number");
  CHECK(error_of(R"({"hours": 3})") == "layer 0: hours: expected a list, got a whole number");
  CHECK(read({R"({"hours": [1.5, 1, "2"]})"}).errors ==
        Errors{"layer 0: hours[0]: expected a whole number, got a number with a fraction",
               "layer 0: hours[2]: expected a whole number, got the text \"2\""});
  CHECK(error_of(R"({"roast": "dark"})") == "layer 0: roast: expected an object, got the text \"dark\"");
  CHECK(error_of(R"({"north": []})") == "layer 0: north: expected an object, got a list");
  CHECK(error_of(R"({"roast": {"kind": true}})") == "layer 0: roast.kind: expected a text, got true");
}

TEST_CASE("a number out of range is an error that states the range", "[config][reader]") {
  CHECK(error_of(R"({"tables": 0})") == "layer 0: tables: must be at least 1, not 0");
  CHECK(error_of(R"({"price": 0})") == "layer 0: price: must be above 0, not 0");
  CHECK(error_of(R"({"discount": 1})") == "layer 0: discount: must be from 0 to below 1, not 1");
  CHECK(error_of(R"({"discount": -0.5})") == "layer 0: discount: must be from 0 to below 1, not -0.5");
  CHECK(error_of(R"({"hours": [1, 25]})") == "layer 0: hours[1]: must be from 0 to 24, not 25");
  CHECK(read({R"({"discount": 0, "hours": [0, 24], "tables": 1})"}).errors.empty());
}

TEST_CASE("ranges are told in words", "[config][reader]") {
  CHECK(anything.text() == "any number");
  CHECK(positive.text() == "above 0");
  CHECK(at_least_one.text() == "at least 1");
  CHECK(probability.text() == "from 0 to below 1");
  CHECK(fraction.text() == "from 0 to 1");
  CHECK(Range{-unbounded, 3}.text() == "at most 3");
  CHECK(Range{-unbounded, 3, false, true}.text() == "below 3");
  CHECK(Range{0, 1, true}.text() == "above 0 to 1");
}

TEST_CASE("a key without effect for the chosen kind is an error", "[config][reader]") {
  CHECK(error_of(R"({"roast": {"kind": "dark", "acid": 0.2}})") ==
        "layer 0: roast.acid: has no effect with kind 'dark'");
  CHECK(error_of(R"({"roast": {"acid": 0.2, "kind": "raw"}})") == "layer 0: roast.acid: has no effect with kind 'raw'");
  CHECK(read({R"({"roast": {"kind": "raw", "organic": false}})"}).errors.empty());
}

TEST_CASE("options of an old kind are dropped, and said to be", "[config][reader]") {
  const sample::Read result =
      read({R"({"roast": {"kind": "light", "acid": 0.2, "minutes": 9}})", R"({"roast": {"kind": "dark"}})"});
  CHECK(result.errors == Errors{});
  CHECK(result.notes == Errors{"roast.acid: dropped: has no effect with kind 'dark' (written in layer 0)"});
  CHECK(result.shop.roast.kind == "dark");
  CHECK(result.shop.roast.minutes == 9);
  CHECK(result.shop.roast.acid == 0.5);
}

TEST_CASE("options written with the new kind or after it are errors", "[config][reader]") {
  CHECK(read({R"({"roast": {"kind": "light"}})", R"({"roast": {"kind": "dark", "acid": 0.2}})"}).errors ==
        Errors{"layer 1: roast.acid: has no effect with kind 'dark'"});
  CHECK(read({R"({"roast": {"kind": "dark"}})", R"({"roast.acid": 0.2})"}).errors ==
        Errors{"layer 1: roast.acid: has no effect with kind 'dark'"});
  CHECK(read({R"({"roast": {"acid": 0.1}})", R"({"roast": {"kind": "dark"}})", R"({"roast": {"acid": 0.2}})"}).errors ==
        Errors{"layer 2: roast.acid: has no effect with kind 'dark'"});
}

TEST_CASE("an option that applies to the default kind needs no kind", "[config][reader]") {
  const sample::Read result = read({R"({"roast": {"acid": 0.9}})"});
  CHECK(result.errors.empty());
  CHECK(result.shop.roast.acid == 0.9);
}

TEST_CASE("an object inherits what it does not name", "[config][reader]") {
  const sample::Read result = read({R"({"price": 4, "roast": {"kind": "dark", "minutes": 12},
      "north": {"roast": {"minutes": 20}}, "south": {"price": 5}})"});
  CHECK(result.errors == Errors{});
  CHECK(result.shop.north.price == 4);
  CHECK(result.shop.north.roast.kind == "dark");
  CHECK(result.shop.north.roast.minutes == 20);
  CHECK(result.shop.south.price == 5);
  CHECK(result.shop.south.roast.minutes == 12);
  CHECK(result.shop.north.seats == 6);
}

TEST_CASE("an object inherits from its sibling, whoever that inherits from", "[config][reader]") {
  const sample::Read result = read({R"({"roast": {"kind": "dark", "minutes": 12},
      "north": {"roast": {"minutes": 20}, "decaf": {"organic": false}},
      "south": {"decaf": {"kind": "raw"}}})"});
  CHECK(result.errors == Errors{});
  CHECK(result.shop.north.decaf.kind == "dark");
  CHECK(result.shop.north.decaf.minutes == 20);
  CHECK_FALSE(result.shop.north.decaf.organic);
  CHECK(result.shop.north.roast.organic);
  CHECK(result.shop.south.decaf.kind == "raw");
  CHECK(result.shop.south.roast.kind == "dark");
}

TEST_CASE("a kind may come from the object that is inherited from", "[config][reader]") {
  CHECK(error_of(R"({"roast": {"kind": "dark"}, "north": {"roast": {"acid": 0.1}}})") ==
        "layer 0: north.roast.acid: has no effect with kind 'dark'");
  CHECK(error_of(R"({"roast": {"kind": "dark"}, "north": {"decaf": {"acid": 0.1}}})") ==
        "layer 0: north.decaf.acid: has no effect with kind 'dark'");
  CHECK(error_of(R"({"north": {"roast": {"kind": "raw"}, "decaf": {"minutes": 3}}})") ==
        "layer 0: north.decaf.minutes: has no effect with kind 'raw'");

  const sample::Read later = read({R"({"north": {"roast": {"acid": 0.1}}})", R"({"roast": {"kind": "dark"}})"});
  CHECK(later.errors == Errors{});
  CHECK(later.notes == Errors{"north.roast.acid: dropped: has no effect with kind 'dark' (written in layer 0)"});

  const sample::Read own = read({R"({"roast": {"kind": "dark"}, "north": {"roast": {"kind": "light", "acid": 0.1}}})"});
  CHECK(own.errors == Errors{});
  CHECK(own.shop.north.roast.acid == 0.1);
  CHECK(own.shop.north.decaf.kind == "light");
}

TEST_CASE("what is inherited for another kind is no error of the heir", "[config][reader]") {
  const sample::Read result = read({R"({"roast": {"acid": 0.2}, "north": {"roast": {"kind": "dark"}}})"});
  CHECK(result.errors == Errors{});
  CHECK(result.shop.north.roast.kind == "dark");
  CHECK(result.shop.south.roast.acid == 0.2);
}

TEST_CASE("a law between keys is an error at the key to blame", "[config][reader]") {
  CHECK(error_of(R"({"north": {"seats": 99}})") == "layer 0: north.seats: too many seats: 99");
  CHECK(read({"{}", R"({"south": {"seats": 99}})"}).errors == Errors{"layer 1: north.seats: too many seats: 6"});
}

TEST_CASE("everything wrong is reported at once, each with the layer that wrote it", "[config][reader]") {
  const Errors errors = read({R"({"nmae": "x", "price": -1, "roast": {"kind": "drak", "organic": 0}})",
                              R"({"north": {"seats": 1.5, "decaf": {"kidn": 1}}, "flags": "red"})"})
                            .errors;
  CHECK(errors.size() == 7);
  for (const char* expected : {"layer 0: nmae", "layer 0: price", "layer 0: roast.kind", "layer 0: roast.organic",
                               "layer 1: north.seats", "layer 1: north.decaf.kidn", "layer 1: flags"}) {
    INFO(expected);
    CHECK(std::any_of(errors.begin(), errors.end(),
                      [&](const std::string& error) { return error.starts_with(std::string(expected) + ":"); }));
  }
}

TEST_CASE("problems are one user error with a line each, told once", "[config][reader]") {
  Problems problems;
  CHECK_NOTHROW(problems.throw_if_any());
  problems.note("dropped");
  CHECK_NOTHROW(problems.throw_if_any());
  problems.add("first");
  problems.add("second");
  problems.add("first");
  CHECK_THROWS_AS(problems.throw_if_any(), ablate::UserError);
  CHECK(ablate::testing::thrown_message([&] { problems.throw_if_any(); }) == "first\nsecond");
}
