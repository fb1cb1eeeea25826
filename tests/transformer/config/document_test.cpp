#include "transformer/config/document.h"

#include <fstream>

#include "tests/catch.h"
#include "tests/temporary_folder.h"
#include "transformer/core/error.h"

using namespace ablate::config;
using ablate::Json;
using ablate::testing::TemporaryFolder;

TEST_CASE("JSON may hold comments, and keeps the order of its keys", "[config][document]") {
  const Json json = parse_json("// a question\n{\"z\": 1, /* and\nmore */ \"a\": [2, {\"b\": null}]}", "x.json");
  CHECK(json.dump() == R"({"z":1,"a":[2,{"b":null}]})");
}

TEST_CASE("malformed JSON is reported with its file, line and column", "[config][document]") {
  CHECK_THROWS_AS(parse_json("{", "x.json"), ablate::UserError);
  CHECK_THROWS_MENTION(parse_json("{\n  \"a\": 1,\n  \"b\" 2\n}", "x.json"), "x.json: parse error at line 3, column 7");
  CHECK_THROWS_MENTION(parse_json("{\"a\": 1,}", "x.json"), "line 1, column 9");
  CHECK_THROWS_MENTION(parse_json("", "x.json"), "x.json: parse error at line 1, column 1");
  CHECK_THROWS_MENTION(parse_json("{\n\"a\": 1\n", "x.json"), "line 3, column 1: syntax error");
  CHECK_THROWS_MENTION(parse_json("{\"a\": \"\xff\"}", "x.json"), "line 1, column 8: syntax error");
  CHECK_THROWS_AS(parse_json("{\"a\": 1e999}", "x.json"), ablate::UserError);
  CHECK_THROWS_MENTION(parse_json("{\"a\": 1e999}", "x.json"),
                       "x.json: parse error at line 1, column 12: number overflow");
  const std::string deep(100000, '[');
  CHECK_THROWS_MENTION(parse_json("{\"a\":\n" + deep, "x.json"), "line 2, column 201: nested deeper than 200 levels");
  CHECK_NOTHROW(parse_json(std::string(150, '[') + std::string(150, ']'), "x.json"));
  CHECK_FALSE(
      ablate::testing::mentions(ablate::testing::thrown_message([] { parse_json("{", "x"); }), "json.exception"));
}

TEST_CASE("a key that stands twice is an error with its path, and all of them are reported", "[config][document]") {
  CHECK_THROWS_MENTION(parse_json(R"({"a": 1, "a": 1})", "x.json"), "x.json: a: the key stands twice");
  const auto message = ablate::testing::thrown_message(
      [] { parse_json(R"({"m": {"n": {"k": 1, "k": 2}}, "r": [{"s": 1, "s": 2}, {"s": 3}], "m": 3})", "x.json"); });
  CHECK(ablate::testing::mentions(message, "x.json: m.n.k: "));
  CHECK(ablate::testing::mentions(message, "x.json: r.s: "));
  CHECK(ablate::testing::mentions(message, "x.json: m: "));
  CHECK_NOTHROW(parse_json(R"({"a": {"k": 1}, "b": {"k": 1}, "k": [{"k": 1}, {"k": 1}]})", "x.json"));
}

TEST_CASE("a file that cannot be read, or is no object, is the user's error", "[config][document]") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(read_json_file(folder / "absent.json"), ablate::UserError);
  CHECK_THROWS_MENTION(read_json_file(folder / "absent.json"), "absent.json: cannot be read: there is no such file");
  CHECK_THROWS_MENTION(read_json_file(folder.path()), "cannot be read");
  CHECK_THROWS_MENTION(read_json_file(folder.write("list.json", "[1, 2]")), "list.json: expected a JSON object");
  CHECK_THROWS_MENTION(read_json_file(folder.write("empty.json", "")), "empty.json: parse error at line 1, column 1");
  CHECK(read_json_file(folder.write("good.json", "{\"a\": 1}"))["a"] == 1);
}

TEST_CASE("extends puts the files that are extended first, depth first, relative to each file", "[config][document]") {
  const TemporaryFolder folder;
  folder.write("base/root.json", R"({"v": "root"})");
  folder.write("base/model.json", R"({"extends": "root.json", "v": "model"})");
  folder.write("data.json", R"({"v": "data"})");
  const auto file = folder.write("rows/top.json", R"({"extends": ["../base/model.json", "../data.json"], "v": "top"})");
  std::vector<std::string> order;
  for (const Layer& layer : load_layers(file)) {
    order.push_back(layer.json.at("v"));
    CHECK_FALSE(layer.json.contains("extends"));
    CHECK(std::filesystem::exists(layer.source));
  }
  CHECK(order == std::vector<std::string>{"root", "model", "data", "top"});
}

TEST_CASE("a file may be reached twice, but not from itself", "[config][document]") {
  const TemporaryFolder folder;
  folder.write("root.json", "{}");
  folder.write("left.json", R"({"extends": "root.json"})");
  folder.write("right.json", R"({"extends": "root.json"})");
  CHECK(load_layers(folder.write("both.json", R"({"extends": ["left.json", "right.json"]})")).size() == 5);

  const auto a = folder.write("a.json", R"({"extends": "b.json"})");
  folder.write("b.json", R"({"extends": "./c.json"})");
  folder.write("c.json", R"({"extends": "a.json"})");
  CHECK_THROWS_AS(load_layers(a), ablate::UserError);
  const auto message = ablate::testing::thrown_message([&] { load_layers(a); });
  REQUIRE(message);
  const std::size_t first = message->find("a.json");
  const std::size_t second = message->find("b.json", first);
  const std::size_t third = message->find("c.json", second);
  CHECK(message->find("a.json", third) != std::string::npos);
  CHECK_THROWS_MENTION(load_layers(folder.write("self.json", R"({"extends": "self.json"})")), "circle");
}

TEST_CASE("what extends names must be a file name or a list of them", "[config][document]") {
  const TemporaryFolder folder;
  CHECK_THROWS_MENTION(load_layers(folder.write("x.json", R"({"extends": 3})")),
                       "x.json: extends: expected a file name");
  CHECK_THROWS_MENTION(load_layers(folder.write("x.json", R"({"extends": [["a"]]})")), "extends: expected a file name");
  CHECK_THROWS_MENTION(load_layers(folder.write("x.json", R"({"extends": "gone.json"})")),
                       "x.json: extends: 'gone.json' (that is " + (folder / "gone.json").string() +
                           "): there is no such file; paths are relative to the file that extends");
}

TEST_CASE("dotted paths expand to nested objects", "[config][document]") {
  const auto expand = [](const char* text) { return expand_dotted(Json::parse(text), "row 'r'").dump(); };
  CHECK(expand(R"({"a.b": 1, "c": {"d": 2}})") == R"({"a":{"b":1},"c":{"d":2}})");
  CHECK(expand(R"({"a.b": 1, "a.c.d": [1], "a": {"e": null}})") == R"({"a":{"b":1,"c":{"d":[1]},"e":null}})");
  CHECK(expand(R"({"a": {"b.c": 1}})") == R"({"a":{"b":{"c":1}}})");
  CHECK(expand(R"({"a": {}})") == R"({"a":{}})");
}

TEST_CASE("dotted paths that collide or are none are errors", "[config][document]") {
  const auto expand = [](const char* text) { return expand_dotted(Json::parse(text), "row 'r'"); };
  for (const char* text : {R"({"a.b": 1, "a": {"b": 2}})", R"({"a": {"b": 2}, "a.b": 1})", R"({"a": 1, "a.b": 2})",
                           R"({"a.b": 2, "a": 1})", R"({"a.b": null, "a": {"b": 2}})", R"({"a": null, "a.b": 2})",
                           R"({"a.b": null, "a": {"b": null}})"}) {
    INFO(text);
    CHECK_THROWS_AS(expand(text), ablate::UserError);
    CHECK_THROWS_MENTION(expand(text), "row 'r'");
    CHECK_THROWS_MENTION(expand(text), "set twice");
  }
  for (const char* text : {R"({"": 1})", R"({"a.": 1})", R"({".a": 1})", R"({"a..b": 1})", R"({".": 1})"}) {
    INFO(text);
    CHECK_THROWS_MENTION(expand(text), "is not a path");
  }
}

TEST_CASE("an assignment is JSON, or else a text", "[config][document]") {
  const auto parsed = [](const char* text) { return parse_assignment(text).dump(); };
  CHECK(parsed("a.b=3") == R"({"a":{"b":3}})");
  CHECK(parsed("a=1e5") == R"({"a":100000.0})");
  CHECK(parsed("a=rms_norm") == R"({"a":"rms_norm"})");
  CHECK(parsed("a=\"3\"") == R"({"a":"3"})");
  CHECK(parsed("a=") == R"({"a":""})");
  CHECK(parsed("a=x=y") == R"({"a":"x=y"})");
  CHECK(parsed("a=[1, 2]") == R"({"a":[1,2]})");
  CHECK(parsed("a={\"b.c\": true}") == R"({"a":{"b":{"c":true}}})");
  CHECK(parsed("a=null") == R"({"a":null})");
  CHECK_THROWS_MENTION(parse_assignment("a.b"), "expected path=value");
  CHECK_THROWS_MENTION(parse_assignment("=3"), "expected path=value");
  CHECK_THROWS_AS(parse_assignment("a..b=3"), ablate::UserError);
  CHECK_THROWS_MENTION(parse_assignment(R"(m={"d":32,"d":64})"), "--set m: d: the key stands twice");
  CHECK_THROWS_MENTION(parse_assignment(R"(m={"d" 32})"), "--set m: parse error at line 1, column 7");
  CHECK_THROWS_MENTION(parse_assignment("m= [1,"), "--set m: parse error at line 1");
}

TEST_CASE("later layers win: objects merge, arrays and scalars replace", "[config][document]") {
  Document document;
  document.add({Json::parse(R"({"a": {"b": 1, "c": [1, 2]}, "d": 1, "e": {"f": 1}})"), "base"});
  document.add({Json::parse(R"({"a": {"c": [3], "g": 4}, "d": {"h": 2}, "e": 5})"), "top"});
  CHECK(document.json().dump() == R"({"a":{"b":1,"c":[3],"g":4},"d":{"h":2},"e":5})");
}

TEST_CASE("every key remembers the layer that wrote it", "[config][document]") {
  Document document;
  document.add({Json::parse(R"({"a": {"b": 1, "c": 2}})"), "base"});
  document.add({Json::parse(R"({"a": {"c": 3}, "r": {"s": {}}})"), "top"});
  CHECK(document.origin("a.b").source == "base");
  CHECK(document.origin("a.b").layer == 0);
  CHECK(document.origin("a.c").source == "top");
  CHECK(document.origin("a.c").layer == 1);
  CHECK(document.origin("r.s").source == "top");
  CHECK(document.origin("a.x").source.empty());
  CHECK(document.origin("a.x").layer == -1);
}

TEST_CASE("a key that a later layer replaced is nobody's any more", "[config][document]") {
  Document document;
  document.add({Json::parse(R"({"a": {"b": 1}})"), "base"});
  document.add({Json::parse(R"({"a": null})"), "top"});
  document.add({Json::parse(R"({"a": {"c": 1}})"), "last"});
  CHECK(document.json().dump() == R"({"a":{"c":1}})");
  CHECK(document.origin("a.b").layer == -1);
  CHECK(document.origin("a.c").source == "last");
}
