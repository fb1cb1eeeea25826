#include "transformer/config/writer.h"

#include <algorithm>
#include <set>

#include "tests/catch.h"
#include "tests/transformer/config/sample.h"

using namespace ablate::config;
using ablate::Json;
using sample::read;
using sample::Shop;

namespace {

std::string change_text(const Change& change) {
  return change.path + ": " + change.before.dump() + " -> " + change.after.dump();
}

std::vector<std::string> changes(const char* before, const char* after) {
  std::vector<std::string> texts;
  for (const Change& change : difference(Json::parse(before), Json::parse(after))) texts.push_back(change_text(change));
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("the resolved config holds every key that applies, in the order of declaration", "[config][writer]") {
  CHECK(Writer::write(Shop{}).dump() ==
        R"({"name":"unnamed","colour":"red","tables":null,"discount":null,"owner":null,"hours":[8,18],)"
        R"("flags":[],)"
        R"("notes":null,"roast":{"kind":"light","minutes":7,"acid":0.5,"organic":true},"price":2.5,)"
        R"("north":{"seats":6},"south":{"seats":6}})");
}

TEST_CASE("a key without effect is not written", "[config][writer]") {
  const Json dark = Writer::write(read({R"({"roast": {"kind": "dark"}})"}).shop);
  CHECK(dark["roast"].dump() == R"({"kind":"dark","minutes":7,"organic":true})");
  const Json raw = Writer::write(read({R"({"roast": {"kind": "raw"}})"}).shop);
  CHECK(raw["roast"].dump() == R"({"kind":"raw","organic":true})");
}

TEST_CASE("an heir is written by what differs from its parent, or in full", "[config][writer]") {
  const Shop shop = read({R"({"roast": {"kind": "dark"}, "north": {"roast": {"minutes": 20}, "decaf": {"minutes": 5}},
                             "south": {"seats": 8}})"})
                        .shop;
  const Json json = Writer::write(shop);
  CHECK(json["north"].dump() == R"({"seats":6,"roast":{"minutes":20},"decaf":{"minutes":5}})");
  CHECK(json["south"].dump() == R"({"seats":8})");
  const Json full = Writer::write(shop, Extent::expanded);
  CHECK(full["south"].dump() == R"({"seats":8,"roast":{"kind":"dark","minutes":7,"organic":true},"price":2.5,)"
                                R"("decaf":{"kind":"dark","minutes":7,"organic":true}})");
  CHECK(full["north"]["decaf"].dump() == R"({"kind":"dark","minutes":5,"organic":true})");
}

TEST_CASE("a resolved config reads back to the same config", "[config][writer]") {
  const std::vector<const char*> documents = {
      "{}",
      R"({"name": "x", "tables": 3, "discount": 0.25, "owner": "o", "flags": ["red"],
          "notes": {"a": [1, null]}})",
      R"({"roast": {"kind": "dark", "minutes": 3}, "north": {"roast": {"kind": "light", "acid": 0.25}}})",
      R"({"north": {"decaf": {"kind": "raw"}}, "south": {"price": 9, "roast": {"kind": "dark"}}})",
      R"({"roast": {"acid": 0.1}, "south": {"roast": {"kind": "dark"},
          "decaf": {"kind": "light", "acid": 0.2}}})",
  };
  for (const char* document : documents) {
    INFO(document);
    const sample::Read first = read({document});
    CHECK(first.errors.empty());
    for (const Extent extent : {Extent::brief, Extent::expanded}) {
      const std::string dump = Writer::write(first.shop, extent).dump();
      const sample::Read second = read({dump.c_str()});
      CHECK(second.errors == Texts{});
      CHECK(Writer::write(second.shop, extent).dump() == dump);
      CHECK(Writer::write(second.shop, Extent::expanded) == Writer::write(first.shop, Extent::expanded));
    }
  }
}

TEST_CASE("the difference of two configs names each changed leaf once", "[config][writer]") {
  CHECK(changes(R"({"a": 1})", R"({"a": 1})").empty());
  CHECK(changes(R"({"a": {"b": 1, "c": 2}, "d": 3})", R"({"a": {"b": 1, "c": 5}, "d": 4})") ==
        Texts{"a.c: 2 -> 5", "d: 3 -> 4"});
  CHECK(changes(R"({"a": [1, 2]})", R"({"a": [1, 3]})") == Texts{"a: [1,2] -> [1,3]"});
  CHECK(changes(R"({"n": {"kind": "dark", "x": 1}})", R"({"n": {"kind": "light", "y": 2}})") ==
        Texts{"n.kind: \"dark\" -> \"light\"", "n.y: <discarded> -> 2", "n.x: 1 -> <discarded>"});
  CHECK(changes(R"({})", R"({"n": {"seats": 2}})") == Texts{"n.seats: <discarded> -> 2"});
  CHECK(changes(R"({"n": {"seats": 2}})", R"({})") == Texts{"n.seats: 2 -> <discarded>"});
}

TEST_CASE("a change of what is inherited is one change", "[config][writer]") {
  const Json before = Writer::write(Shop{});
  const Json after = Writer::write(read({R"({"roast": {"minutes": 9}})"}).shop);
  const std::vector<Change> found = difference(before, after);
  REQUIRE(found.size() == 1);
  CHECK(change_text(found.front()) == "roast.minutes: 7 -> 9");
}

TEST_CASE("without_defaults keeps what differs", "[config][writer]") {
  const auto kept = [](const char* json, const char* defaults) {
    return without_defaults(Json::parse(json), Json::parse(defaults)).dump();
  };
  CHECK(kept(R"({"a": 1, "b": {"c": 2, "d": 3}, "e": [1]})", R"({"a": 1, "b": {"c": 2, "d": 4}, "e": [1]})") ==
        R"({"b":{"d":3}})");
  CHECK(kept(R"({"a": {"b": 1}})", R"({"a": {"b": 1}})") == "{}");
  CHECK(kept(R"({"a": null, "b": 1})", R"({"a": 0})") == R"({"a":null,"b":1})");
}

namespace {

bool is_type_name(const Json& name) {
  static const std::set<std::string> names{"object", "array", "string", "number", "integer", "boolean", "null"};
  return name.is_string() && names.contains(name.get<std::string>());
}

/// What JSON Schema (draft 2020-12) demands of the keywords that the program writes; adds the paths that
/// break it.
void check_schema(const Json& schema, const std::string& path, Texts& wrong) {
  const auto demand = [&](bool holds, const std::string& what) {
    if (!holds) wrong.push_back(path + ": " + what + ": " + schema.dump());
  };
  if (schema.is_boolean()) return;
  demand(schema.is_object(), "a schema is an object or a boolean");
  if (!schema.is_object()) return;
  for (const auto& [key, value] : schema.items()) {
    if (key == "type") {
      demand(is_type_name(value) || (value.is_array() && std::all_of(value.begin(), value.end(), is_type_name)), key);
    } else if (key == "description") {
      demand(value.is_string() && !value.get<std::string>().empty(), key);
    } else if (key == "minimum" || key == "maximum" || key == "exclusiveMinimum" || key == "exclusiveMaximum") {
      demand(value.is_number(), key);
    } else if (key == "enum" || key == "required") {
      demand(value.is_array() && !value.empty(), key);
    } else if (key == "properties") {
      demand(value.is_object(), key);
      for (const auto& [name, inner] : value.items()) check_schema(inner, path + "." + name, wrong);
    } else if (key == "allOf") {
      demand(value.is_array() && !value.empty(), key);
      for (const Json& inner : value) check_schema(inner, path + ".allOf", wrong);
    } else if (key == "items" || key == "if" || key == "then") {
      check_schema(value, path + "." + key, wrong);
    } else {
      demand(key == "default" || (key == "additionalProperties" && value.is_boolean()), "unknown keyword " + key);
    }
  }
}

}  // namespace

TEST_CASE("the schema of a config is a JSON Schema", "[config][writer]") {
  Texts wrong;
  check_schema(SchemaWriter::write(Shop{}), "$", wrong);
  CHECK(wrong == Texts{});
}

TEST_CASE("the schema states types, choices, ranges and defaults", "[config][writer]") {
  const Json schema = SchemaWriter::write(Shop{});
  CHECK(schema["type"] == "object");
  CHECK(schema["additionalProperties"] == false);
  const Json& keys = schema["properties"];
  CHECK(keys["name"].dump() == R"({"type":"string","description":"over the door","default":"unnamed"})");
  CHECK(keys["colour"]["enum"].dump() == R"(["red","green"])");
  CHECK(keys["tables"]["type"].dump() == R"(["integer","null"])");
  CHECK(keys["tables"]["minimum"] == 1);
  CHECK(keys["discount"]["exclusiveMaximum"] == 1);
  CHECK(keys["price"]["exclusiveMinimum"] == 0);
  CHECK(keys["owner"]["type"].dump() == R"(["string","null"])");
  CHECK(keys["hours"]["items"].dump() == R"({"type":"integer","minimum":0.0,"maximum":24.0})");
  CHECK(keys["flags"]["items"]["enum"].dump() == R"(["red","green"])");
  CHECK_FALSE(keys["notes"].contains("type"));
  CHECK(keys["north"]["properties"]["decaf"]["properties"]["organic"]["type"] == "boolean");
  CHECK(keys["roast"]["properties"]["acid"]["default"] == 0.5);
}

TEST_CASE("the schema forbids a key with the kinds that do not use it", "[config][writer]") {
  const Json schema = SchemaWriter::write(Shop{});
  CHECK(schema["properties"]["roast"]["allOf"].dump() ==
        R"([{"if":{"properties":{"kind":{"enum":["raw"]}},"required":["kind"]},)"
        R"("then":{"properties":{"minutes":false}}},)"
        R"({"if":{"properties":{"kind":{"enum":["dark","raw"]}},"required":["kind"]},)"
        R"("then":{"properties":{"acid":false}}}])");
  CHECK_FALSE(schema.contains("allOf"));
}

TEST_CASE("the schema lists the key of every resolved config", "[config][writer]") {
  const Json schema = SchemaWriter::write(Shop{});
  const Json resolved = Writer::write(Shop{}, Extent::expanded);
  for (const auto& [key, value] : resolved.items()) CHECK(schema["properties"].contains(key));
}
