// The table of objectives: what its rows say of themselves fits together.
#include "data/objective.h"

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "data/corruption.h"
#include "data/objective_symbols.h"
#include "tests/catch.h"
#include "tests/data/tokenizers/support.h"

using namespace ablate;
using namespace ablate::data;

TEST_CASE("objectives: text alone is cut into rows, changed, and said in parts", "[data]") {
  for (const auto& row : objective_table().rows()) {
    INFO(row.info.name);
    const ObjectiveTraits& traits = row.value;
    ObjectiveConfig objective;
    objective.kind = row.info.name;
    CHECK(&objective.traits() == &traits);
    const bool is_text = traits.content == Content::text, is_changed = traits.change != RowChange::none;
    for (const char* option : {"layout", "windows", "document_end"}) CHECK(row.info.uses_option(option) == is_text);
    CHECK((is_text || !is_changed));
    CHECK((is_text || !traits.says_whole_text));
    CHECK((is_text || traits.said.empty()));
    CHECK(corrupts(objective) == (traits.corruption != nullptr));
  }
}

TEST_CASE("objectives: what is said of a text in words is what tables print", "[data]") {
  const auto said = [](const char* name) { return std::string(objective_table().at(name).said); };
  CHECK(said("prefix_lm") == "tokens behind prefixes, drawn once for every row");
  CHECK(said("span_corruption") == "spans cut out and their sentinels, drawn once for every row");
  CHECK(said("denoising") == "every row's text from what noise, drawn once for each, has left of it");
  for (const char* name : {"translation", "causal_lm", "masked_lm", "classification", "regression"}) {
    INFO(name);
    CHECK(said(name).empty());
  }
}

TEST_CASE("objectives: a model has a type for every symbol, and sources hold those of a changed text", "[data]") {
  TokenizerConfig config;
  config.kind = "words";
  const std::unique_ptr<Tokenizer> tokenizer = data::testing::train(config, {"a b c ."});
  for (const auto& row : objective_table().rows()) {
    INFO(row.info.name);
    ObjectiveConfig objective;
    objective.kind = row.info.name;
    const auto make = row.value.symbols;
    const Marks symbols = make == nullptr ? Marks{} : make(*tokenizer, objective);
    CHECK(symbols.empty() == (make == nullptr));
    const std::int64_t types = vocabulary_size(*tokenizer, objective);
    for (const Mark& symbol : symbols) CHECK(symbol.id < types);
    if (symbols.empty()) CHECK(types == tokenizer->size());
    CHECK(marks_of(*tokenizer, objective).size() == (corrupts(objective) ? symbols.size() : 0));
  }
}

TEST_CASE("objectives: no side of a changed row has more tokens than it has at most", "[data]") {
  for (const auto& row : objective_table().rows()) {
    if (row.value.corruption == nullptr) continue;
    INFO(row.info.name);
    ObjectiveConfig objective;
    objective.kind = row.info.name;
    for (const std::int64_t tokens : {1, 2, 7, 64, 500}) {
      INFO(tokens);
      const CorruptedLengths mean = row.value.corruption->mean(objective, tokens);
      const CorruptedLengths longest = row.value.corruption->longest(objective, tokens);
      CHECK(mean.source <= longest.source);
      CHECK(mean.target <= longest.target);
      CHECK(corrupted_lengths(objective, tokens).source == mean.source);
    }
  }
  ObjectiveConfig unchanged;
  unchanged.kind = "causal_lm";
  CHECK_THROWS_AS(corrupted_lengths(unchanged, 64), std::invalid_argument);
}
