// A configuration with every kind of field, nesting and inheritance, for the tests of this folder.
#pragma once

#include "transformer/config/reader.h"

#include <string>
#include <utility>
#include <vector>

#include "transformer/config/writer.h"

namespace ablate::config::sample {

constexpr Variant<int> roast_rows[] = {
    {{"light", "short and pale", "", "minutes acid"}, 1},
    {{"dark", "long and bitter", "", "minutes"}, 2},
    {{"raw", "not at all", "", ""}, 3},
};
constexpr VariantTable<int> roasts{"roast", roast_rows};

constexpr Variant<int> colour_rows[] = {{{"red", "", "", ""}, 1}, {{"green", "", "", ""}, 2}};
constexpr VariantTable<int> colours{"colour", colour_rows};

struct Roast {
  std::string kind = "light";
  std::int64_t minutes = 7;
  double acid = 0.5;
  bool organic = true;
  void describe(Fields& f) {
    f.variant(kind, roasts.choices(), "how the beans are roasted");
    f.field("minutes", minutes, "time in the drum", at_least_one);
    f.field("acid", acid, "brightness", fraction);
    f.field("organic", organic, "certified");
  }
};

/// What a shop is made of; branches inherit it.
struct Recipe {
  Roast roast;
  double price = 2.5;
  void describe(Fields& f) {
    f.object("roast", roast, "the beans");
    f.field("price", price, "of a cup", positive);
  }
};

struct Branch : Recipe {
  std::int64_t seats = 6;
  Roast decaf;
  void describe(Fields& f) {
    f.field("seats", seats, "for guests", at_least_one);
    Recipe::describe(f);
    f.inheriting("decaf", decaf, roast, "roast", "beans without caffeine");
  }
};

struct Shop : Recipe {
  std::string name = "unnamed";
  std::string colour = "red";
  std::optional<std::int64_t> tables;
  std::optional<double> discount;
  std::optional<std::string> owner;
  std::vector<std::int64_t> hours{8, 18};
  std::vector<std::string> flags;
  Json notes = nullptr;
  Branch north, south;
  void describe(Fields& f) {
    f.field("name", name, "over the door");
    f.choice("colour", colour, colours.choices(), "of the door");
    f.field("tables", tables, "null: none", at_least_one);
    f.field("discount", discount, "null: none", probability);
    f.field("owner", owner, "null: nobody");
    f.field("hours", hours, "opening, closing", Range{0, 24});
    f.choice("flags", flags, colours.choices(), "on the roof");
    f.field("notes", notes, "anything");
    Recipe::describe(f);
    const Recipe& recipe = *this;
    f.inheriting("north", north, recipe, "", "the northern branch");
    f.inheriting("south", south, recipe, "", "the southern branch");
    f.check(north.seats + south.seats <= 100, "north.seats", "too many seats: " + std::to_string(north.seats));
  }
};

struct Read {
  Shop shop;
  std::vector<std::string> errors, notes;
};

/// Reads a shop from layers of JSON; their sources are "layer 0", "layer 1", ….
inline Read read(const std::vector<const char*>& layers) {
  Document document;
  int number = 0;
  for (const char* text : layers) {
    const std::string source = "layer " + std::to_string(number++);
    document.add({expand_dotted(parse_json(text, source), source), source});
  }
  Read result;
  Problems problems;
  Reader(document, problems).read(result.shop);
  result.errors = problems.errors();
  result.notes = problems.notes();
  return result;
}

}  // namespace ablate::config::sample
