// SentencePiece models with the other files of published models beside them, against the library `transformers`: ids
// and text, which scripts/reference/published_pieces.py wrote.
#include <fstream>

#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/data/tokenizers/support.h"

using namespace ablate::data;
using namespace ablate::data::testing;

namespace {

const std::filesystem::path golden_pieces =
    std::filesystem::path(ABLATE_SOURCE_DIR) / "tests" / "golden" / "tokenizers" / "pieces";

/// {file: [{"line", "ids", "text"}]}
nlohmann::json expected_of(const std::string& model) {
  const std::filesystem::path file = golden_pieces / model / "expected.json";
  std::ifstream in(file);
  INFO(file << " is written by scripts/reference/published_pieces.py");
  REQUIRE(in);
  return nlohmann::json::parse(in);
}

}  // namespace

TEST_CASE("published SentencePiece models give the ids and the text that the library gives", "[tokenizers]") {
  for (const char* model : {"marian", "marian_separate", "pegasus", "t5", "albert"}) {
    const nlohmann::json expected = expected_of(model);
    REQUIRE(expected.size() == (std::string(model).starts_with("marian") ? 2 : 1));
    for (const auto& [file, lines] : expected.items()) {
      const auto tokenizer = load_tokenizer(golden_pieces / model / file);
      REQUIRE(lines.size() > 12);
      for (const nlohmann::json& example : lines) {
        INFO(model << "/" << file << ": " << example.dump());
        const auto ids = example.at("ids").get<std::vector<std::int32_t>>();
        CHECK(tokenizer->encode(example.at("line").get<std::string>()) == ids);
        if (example.at("text").is_null()) continue;
        CHECK(tokenizer->decode(ids) == example.at("text").get<std::string>());
      }
    }
  }
}
