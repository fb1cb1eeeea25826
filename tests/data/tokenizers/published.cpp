// Tokenizers of published models against the library `tokenizers`: ids and text of hard lines, which
// scripts/reference/published_tokenizers.py wrote.
#include <chrono>
#include <fstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/data/tokenizers/support.h"
#include "transformer/core/error.h"

using namespace ablate::data;
using namespace ablate::data::testing;
using Ids = std::vector<std::int32_t>;

namespace {

const std::filesystem::path golden = std::filesystem::path(ABLATE_SOURCE_DIR) / "tests" / "golden" / "tokenizers";

const std::vector<std::string> styles = {"gpt2",
                                         "roberta",
                                         "llama3",
                                         "qwen2",
                                         "gpt4",
                                         "gpt4o",
                                         "bloom",
                                         "falcon",
                                         "merged_with_previous",
                                         "merged_with_next",
                                         "bert_cased",
                                         "bert_uncased",
                                         "normalizer_steps"};

nlohmann::json golden_json(const std::string& name) {
  std::ifstream in(golden / name);
  INFO(name);
  REQUIRE(in);
  return nlohmann::json::parse(in);
}

std::unique_ptr<Tokenizer> published(const std::string& style) { return load_tokenizer(golden / (style + ".json")); }

std::string escaped(const std::string& text) { return nlohmann::json(text).dump(-1, ' ', true); }

}  // namespace

TEST_CASE("published tokenizers give the ids and the text that the library gives", "[tokenizers]") {
  const auto lines = golden_json("lines.json").get<std::vector<std::string>>();
  REQUIRE(lines.size() > 150);
  for (const std::string& style : styles) {
    const auto tokenizer = published(style);
    const nlohmann::json expected = golden_json(style + ".expected.json");
    REQUIRE(expected.at("ids").size() == lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      INFO(style << ": line " << i << ": " << escaped(lines[i]));
      const Ids ids = expected["ids"][i].get<Ids>();
      CHECK(tokenizer->encode(lines[i]) == ids);
      CHECK(escaped(tokenizer->decode(ids)) == escaped(expected["texts"][i].get<std::string>()));
    }
    for (const nlohmann::json& sequence : expected.at("sequences")) {
      INFO(style << ": " << sequence.dump(-1, ' ', true));
      CHECK(tokenizer->decode(sequence.at("ids").get<Ids>()) == sequence.at("text").get<std::string>());
    }
  }
}

TEST_CASE("published tokenizers: the special symbols are those of the file, or follow its vocabulary", "[tokenizers]") {
  // pad, bos, eos, unk
  CHECK(published("gpt2")->specials() == Specials{420, 0, 0, nothing_unknown});
  CHECK(published("gpt2")->size() == 421);
  CHECK(published("gpt2")->piece(420) == "<pad>");
  CHECK(published("roberta")->specials() == Specials{1, 0, 2, 3});
  CHECK(published("llama3")->specials() == Specials{443, 440, 441, nothing_unknown});
  CHECK(published("bloom")->specials() == Specials{3, 1, 2, 0});
  CHECK(published("bert_uncased")->specials() == Specials{0, 2, 3, 1});
  const auto none = published("merged_with_next");  // knows <unk> alone
  CHECK(none->specials() == Specials{379, 380, 381, 0});
  CHECK(none->size() == 382);
  CHECK(none->decode(Ids{380, 0, 379, 381}).empty());
  CHECK(none->piece(381) == "</s>");
  CHECK_THROWS_MENTION(none->piece(382), "0 to 381");
  CHECK_THROWS_MENTION(none->decode(Ids{-1}), "-1");
}

TEST_CASE("published tokenizers: pieces are shown as the vocabulary has them", "[tokenizers]") {
  CHECK(pieces_of(*published("gpt2"), " the\n") == std::vector<std::string>{"\u0120the", "\u010A"});
  CHECK(pieces_of(*published("bert_cased"), "the.").back() == ".");
}

TEST_CASE("published tokenizers: bytes that are no UTF-8 are read as U+FFFD", "[tokenizers]") {
  for (const std::string& style : styles) {
    INFO(style);
    const auto tokenizer = published(style);
    CHECK(tokenizer->encode("a\xFF\xC3(\xE4\xB8") == tokenizer->encode("a\uFFFD\uFFFD(\uFFFD"));
    CHECK(tokenizer->encode("").empty());
    CHECK(tokenizer->decode({}).empty());
  }
}

TEST_CASE("published tokenizers are stored as the file that they came from", "[tokenizers]") {
  const TemporaryFolder folder;
  for (const std::string& style : styles) {
    INFO(style);
    const auto tokenizer = published(style);
    CHECK(tokenizer->extension() == ".json");
    const auto loaded = load_tokenizer(folder.write("stored.bin", tokenizer->serialize()));
    CHECK(loaded->serialize() == tokenizer->serialize());
    CHECK(loaded->specials() == tokenizer->specials());
    CHECK(loaded->encode("The old ferry, caf\u00e9s") == tokenizer->encode("The old ferry, caf\u00e9s"));
  }
}

TEST_CASE("published tokenizers may be asked by several threads", "[tokenizers]") {
  const auto lines = golden_json("lines.json").get<std::vector<std::string>>();
  for (const std::string style : {"llama3", "bert_uncased"}) {
    const auto shared = published(style);
    const auto expected = golden_json(style + ".expected.json").at("ids").get<std::vector<Ids>>();
    std::vector<int> wrong(4, 0);
    std::vector<std::thread> threads;
    for (int& count : wrong) {
      threads.emplace_back([&] {
        for (std::size_t i = 0; i < lines.size(); ++i) count += shared->encode(lines[i]) != expected[i];
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == std::vector<int>(4, 0));
  }
}

TEST_CASE("published tokenizers: the time of a long word does not grow with its square", "[tokenizers]") {
  const auto tokenizer = published("gpt2");
  std::string word;
  for (std::size_t i = 0; i < 400'000; ++i) word += static_cast<char>('a' + (i * i + i / 7) % 26);
  const auto start = std::chrono::steady_clock::now();
  CHECK(round_trip(*tokenizer, word) == word);
  const std::string spaces(1'000'000, ' ');
  CHECK(round_trip(*tokenizer, spaces + "x") == spaces + "x");
  // 0.3 s; the square of it would be minutes.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}
