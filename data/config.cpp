#include "data/config.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace ablate::data {
namespace {

struct NoValue {};

constexpr config::Variant<NoValue> split_rows[] = {
    {{"files", "dev and test are files of their own", "", ""}, {}},
    {{"hash",
      "by the FNV-1a 64-bit hash of the source text (of a dictionary, the word) modulo 100: equal sources stay "
      "together",
      "", "dev_range test_range"},
     {}},
    {{"random", "pairs drawn without replacement, the same for the same seed", "", "seed dev test"}, {}},
    {{"last", "the end of the file: dev, and behind it test", "", "dev test unit"}, {}},
};
constexpr config::VariantTable<NoValue> splits{"split rule", split_rows};

constexpr config::Variant<NoValue> split_unit_rows[] = {
    {{"pairs", "pairs, or documents", "", ""}, {}},
    {{"characters", "characters of running text, in the middle of a line if need be", "", ""}, {}},
};
constexpr config::VariantTable<NoValue> units{"unit", split_unit_rows};

constexpr config::Variant<NoValue> corpus_rows[] = {
    {{"recipe", "a known corpus, brought in by `ablate data get`", "", "recipe"}, {}},
    {{"files", "files of your own", "", "reader train dev test split"}, {}},
    {{"task", "a built-in task, generated", "", "task"}, {}},
};
constexpr config::VariantTable<NoValue> corpora{"corpus", corpus_rows};

bool is_range(const std::vector<std::int64_t>& range) {
  return range.empty() || (range.size() == 2 && 0 <= range[0] && range[0] <= range[1] && range[1] < 100);
}

bool overlap(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
  return a.size() == 2 && b.size() == 2 && a[0] <= b[1] && b[0] <= a[1];
}

Json to_json(const std::vector<TestSet>& sets) {
  if (sets.empty()) return Json::array();
  if (sets.size() == 1 && sets[0].name == "test") return sets[0].files;
  Json json = Json::object();
  for (const TestSet& set : sets) json[set.name] = set.files;
  return json;
}

bool is_list_of_texts(const Json& json) {
  return json.is_array() && std::ranges::all_of(json, [](const Json& item) { return item.is_string(); });
}

bool is_split_name(const std::string& name) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  return !name.empty() && name[0] != '.' && name.find_first_not_of(allowed) == std::string::npos && name != "train" &&
         name != "dev";
}

/// What is wrong with the JSON of `test`, or "".
std::string read_test_sets(const Json& json, std::vector<TestSet>& sets) {
  sets.clear();
  if (is_list_of_texts(json)) {
    if (!json.empty()) sets.push_back({"test", json.get<std::vector<std::string>>()});
    return "";
  }
  const std::string expected =
      R"(expected a list of files or an object of lists, such as {"test_2016": ["a.en", "a.de"]})";
  if (!json.is_object()) return expected;
  for (const auto& [name, files] : json.items()) {
    if (!is_list_of_texts(files) || files.empty()) return expected;
    if (!is_split_name(name)) {
      return "'" + name + "' cannot name a test set: letters, digits, '_', '-' and '.', but not 'train' or 'dev'";
    }
    sets.push_back({name, files.get<std::vector<std::string>>()});
  }
  return "";
}

}  // namespace

config::Choices split_kinds() { return splits.choices(); }
config::Choices split_units() { return units.choices(); }
config::Choices corpus_kinds() { return corpora.choices(); }

bool SplitConfig::takes_dev() const {
  return kind == "hash" ? !dev_range.empty() : split_kinds().find(kind)->uses_option("dev") && dev > 0;
}

bool SplitConfig::takes_test() const {
  return kind == "hash" ? !test_range.empty() : split_kinds().find(kind)->uses_option("test") && test > 0;
}

void SplitConfig::describe(config::Fields& f) {
  f.variant(kind, split_kinds(), "where dev and test come from");
  f.field("seed", seed, "decides the draw", config::not_negative);
  f.field("dev", dev, "number of pairs (or documents) for dev; 0: dev is a file", config::not_negative);
  f.field("test", test, "number of pairs (or documents) for test; 0: test is a file", config::not_negative);
  f.choice("unit", unit, split_units(), "what dev and test count");
  f.field("dev_range", dev_range, "first and last remainder that goes to dev, such as [5, 9]; []: dev is a file");
  f.field("test_range", test_range, "first and last remainder that goes to test; []: test is a file");
  const char* range_law = "must be empty or two whole numbers from 0 to 99, the first not above the second";
  f.check(is_range(dev_range), "dev_range", range_law);
  f.check(is_range(test_range), "test_range", range_law);
  f.check(!overlap(dev_range, test_range), "test_range", "must not overlap dev_range");
  f.check(kind == "files" || takes_dev() || takes_test(), "kind", "has no effect: it takes neither dev nor test pairs");
}

void CorpusFiles::describe(config::Fields& f) {
  f.object("reader", reader, "format of the files");
  f.field("train", train, "files of the training pairs: [source, target] for parallel, else [file]");
  f.field("dev", dev, "files of the development pairs");
  Json sets = to_json(test);
  f.field("test", sets, "files of the test pairs, or several named sets of them");
  const std::string wrong = read_test_sets(sets, test);
  f.check(wrong.empty(), "test", wrong);
  f.object("split", split, "dev and test out of the training files");

  const config::VariantInfo* known = reader_kinds().find(reader.kind);
  if (known == nullptr) return;
  const std::size_t count = files_per_set(reader);
  const std::string law =
      "the reader '" + reader.kind + "' takes " + (count == 1 ? "one file" : "two files") + " for each set";
  f.check(train.empty() || train.size() == count, "train", law);
  f.check(dev.empty() || dev.size() == count, "dev", law);
  for (const TestSet& set : test) f.check(set.files.size() == count, "test", law);
  f.check(dev.empty() || !split.takes_dev(), "dev", "has no effect: the split rule takes dev out of train");
  f.check(test.empty() || !split.takes_test(), "test", "has no effect: the split rule takes test out of train");
  const bool is_text = content_of(reader) == Content::text;
  f.check(split.kind != "hash" || !is_text, "split.kind", "'hash' goes by the source, which text does not have");
  f.check(split.kind != "last" || split.unit == "pairs" || is_text, "split.unit",
          "'" + split.unit + "' counts running text; the reader '" + reader.kind + "' gives pairs");
}

void TaskConfig::describe(config::Fields& f) {
  f.variant(kind, tasks().choices(), "which task");
  f.field("seed", seed, "decides every draw", config::not_negative);
  f.field("train", train, "number of training pairs", config::at_least_one);
  f.field("dev", dev, "number of development pairs", config::at_least_one);
  f.field("test", test, "number of test pairs", config::at_least_one);
  f.field("min_length", min_length, "symbols of the shortest sequence", config::at_least_one);
  f.field("max_length", max_length, "symbols of the longest sequence", config::at_least_one);
  f.field("vocabulary", vocabulary, "number of different symbols", config::at_least_one);
  f.field("digits", digits, "digits of the longest operand", config::Range{1, 18});
  f.choice("split", split, scan_splits(), "which published split");
  f.field("max_depth", max_depth, "levels of the deepest tree, that of the digits included", config::at_least_one);
  f.field("max_args", max_args, "most arguments of an operator", config::Range{2, config::unbounded});
  f.field("min_tokens", min_tokens, "shortest expression, parentheses not counted", config::at_least_one);
  f.field("max_tokens", max_tokens, "longest expression, parentheses not counted", config::at_least_one);
  f.field("parentheses", parentheses, "write the grouping parentheses of the published files");
  const config::VariantInfo* row = tasks().choices().find(kind);
  if (row == nullptr) return;
  f.check(!row->uses_option("min_length") || min_length <= max_length, "min_length",
          "the shortest sequence, " + std::to_string(min_length) + ", is longer than the longest, " +
              std::to_string(max_length));
  f.check(!row->uses_option("min_tokens") || min_tokens <= max_tokens, "min_tokens",
          "the shortest expression, " + std::to_string(min_tokens) + ", is longer than the longest, " +
              std::to_string(max_tokens));
}

void DataConfig::describe(config::Fields& f) {
  const bool was_task = kind == "task";
  f.variant(kind, corpus_kinds(), "where the pairs come from");
  f.field("recipe", recipe, "name of the corpus; `ablate data list` shows all");
  files.describe(f);
  f.object("task", task, "the task and its options");
  f.field("reverse", reverse, "swap source and target");
  // Only a reader changes the kind on its way, and does so before it reads the tokenizer.
  if (kind == "task" && !was_task) tokenizer.kind = "words";
  f.object("tokenizer", tokenizer, "how text becomes tokens; 'words' by default for tasks");
}

std::string DataConfig::missing() const {
  if (kind == "recipe" && recipe.empty()) {
    return "data.recipe: no corpus is named; `ablate data list` shows those there are";
  }
  if (kind != "files") return "";
  if (files.train.empty()) return "data.train: no training files are named";
  if (files.dev.empty() && !files.split.takes_dev()) {
    return "data.dev: no development files are named, and data.split takes none out of train";
  }
  return "";
}

}  // namespace ablate::data
