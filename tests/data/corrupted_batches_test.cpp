// Rows of running text as pairs of what is left of them and what is to be said.
#include "data/corrupted_batches.h"

#include <algorithm>
#include <map>

#include "data/batches.h"
#include "data/objective_symbols.h"
#include "data/windows.h"
#include "tests/catch.h"
#include "tests/data/corpus/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::data;

namespace {

/// Lines of 0 … 11 words that end with a full stop, of which the last is long.
Corpus corpus_of_sentences(const data::testing::Workspace& work) {
  std::string text;
  for (int i = 0; i < 48; ++i) {
    for (int word = 0; word < i % 12; ++word) text += std::string(1, static_cast<char>('a' + (word + i) % 7)) + " ";
    text += ".\n";
  }
  for (int word = 0; word < 60; ++word) text += std::string(1, static_cast<char>('a' + word % 7)) + " ";
  text += ".\n";
  return data::testing::corpus_of_documents(work, text, text);
}

ObjectiveConfig corrupting(const std::string& kind, const std::string& layout) {
  ObjectiveConfig objective;
  objective.kind = kind;
  objective.layout = layout;
  return objective;
}

/// Ids of a row up to </s>, without it; <s> is cut off.
std::vector<std::int64_t> side(const Tensor& rows, std::int64_t row, const Specials& specials) {
  std::vector<std::int64_t> ids;
  for (std::int64_t t = 0; t < rows.size(1); ++t) {
    const auto id = rows[row][t].item<std::int64_t>();
    if (id == specials.pad || id == no_target) break;
    if (id != specials.bos) ids.push_back(id);
  }
  return ids;
}

/// The text of a row of span_corruption: </s> behind each side, whatever stands in it.
std::vector<std::int64_t> filled(std::vector<std::int64_t> source, std::vector<std::int64_t> target,
                                 std::int64_t words) {
  REQUIRE(!source.empty());
  REQUIRE(!target.empty());
  source.pop_back();
  target.pop_back();
  std::map<std::int64_t, std::vector<std::int64_t>> spans;
  std::int64_t sentinel = -1;
  for (const std::int64_t id : target) {
    if (id >= words) {
      sentinel = id;
      REQUIRE(spans.emplace(id, std::vector<std::int64_t>{}).second);
    } else {
      spans.at(sentinel).push_back(id);
    }
  }
  CHECK(spans.at(sentinel).empty());  // the last one ends what is said
  std::vector<std::int64_t> text;
  for (const std::int64_t id : source) {
    if (id < words) {
      text.push_back(id);
    } else {
      text.insert(text.end(), spans.at(id).begin(), spans.at(id).end());
    }
  }
  return text;
}

}  // namespace

TEST_CASE("corrupted rows: both sides of a window give its text") {
  const data::testing::Workspace work;
  const Corpus corpus = corpus_of_sentences(work);
  const Tokenizer& tokenizer = corpus.target_tokenizer();
  const Specials specials = tokenizer.specials();
  const ObjectiveConfig objective = corrupting("span_corruption", "packed");
  constexpr std::int64_t longest = 16;
  const std::int64_t length = tokens_of_row(objective, longest);
  CHECK(length > longest);
  const TokenStream stream(corpus, "train", true);
  const auto batches = training_batches(corpus, "train", objective, {.tokens = 64}, longest, 1);
  for (std::int64_t i = 0; i < batches->size(); ++i) {
    const Batch batch = batches->batch(0, i);
    CHECK(batch.source.size(0) == 4);
    CHECK(batch.source.size(1) == corrupted_lengths(objective, length).source);
    CHECK(batch.target_output.size(1) == corrupted_lengths(objective, length).target);
    CHECK(batch.source_tokens == batch.source.numel());
    CHECK(batch.target_tokens == batch.target_output.numel());
    CHECK(batch.source.max().item<std::int64_t>() < vocabulary_size(tokenizer, objective));
    CHECK(batch.target_input.select(1, 0).eq(specials.bos).all().item<bool>());
    CHECK(batch.target_input.slice(1, 1).equal(batch.target_output.slice(1, 0, -1)));
    for (std::int64_t row = 0; row < 4; ++row) {
      std::vector<std::int64_t> text(static_cast<std::size_t>(length));
      stream.copy(batch.index[static_cast<std::size_t>(row)], length, text.data());
      CHECK(filled(side(batch.source, row, specials), side(batch.target_output, row, specials), tokenizer.size()) ==
            text);
    }
  }
}

TEST_CASE("corrupted rows: documents are rows of their own, without <s>, cut where a side would be too long") {
  const data::testing::Workspace work;
  const Corpus corpus = corpus_of_sentences(work);
  const Specials specials = corpus.target_tokenizer().specials();
  for (const char* kind : {"span_corruption", "denoising"}) {
    INFO(kind);
    const ObjectiveConfig objective = corrupting(kind, "documents");
    const auto dev = evaluation_batches(corpus, "dev", objective, {.tokens = 200}, {.longest = 30, .stride = 30});
    CHECK(dev->cut() == 1);
    CHECK(dev->unit() == "documents");
    std::int64_t rows = 0;
    for (std::int64_t i = 0; i < dev->size(); ++i) {
      const Batch batch = dev->batch(0, i);
      CHECK(std::max(batch.source.size(1), batch.target_output.size(1)) <= 30);
      for (std::int64_t row = 0; row < batch.source.size(0); ++row, ++rows) {
        const std::int64_t number = batch.index[static_cast<std::size_t>(row)];
        const auto ids = corpus.split("dev").target(number);
        const std::size_t most = static_cast<std::size_t>(tokens_of_row(objective, 30));
        std::vector<std::int64_t> text(ids.begin(),
                                       ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), most)));
        const auto source = side(batch.source, row, specials), target = side(batch.target_output, row, specials);
        REQUIRE(!source.empty());
        CHECK(source.back() == specials.eos);
        CHECK(target.back() == specials.eos);
        if (kind == std::string("span_corruption")) {
          CHECK(filled(source, target, corpus.target_tokenizer().size()) == text);
        } else {
          text.push_back(specials.eos);
          CHECK(target == text);
          CHECK(source.size() <= target.size());
        }
      }
    }
    CHECK(rows == corpus.split("dev").size());
  }
}

TEST_CASE("corrupted rows: every epoch draws other noise, evaluation always the same") {
  const data::testing::Workspace work;
  const Corpus corpus = corpus_of_sentences(work);
  for (const char* kind : {"span_corruption", "denoising"}) {
    INFO(kind);
    const ObjectiveConfig objective = corrupting(kind, "documents");
    const BatchConfig all_in_one{.tokens = 1 << 20};
    const auto sources = [&](std::uint64_t seed, std::int64_t epoch) {
      const auto batches = training_batches(corpus, "train", objective, all_in_one, 40, seed);
      REQUIRE(batches->size() == 1);
      const Batch batch = batches->batch(epoch, 0);
      std::map<std::int64_t, std::vector<std::int64_t>> by_number;
      for (std::int64_t row = 0; row < batch.source.size(0); ++row) {
        by_number[batch.index[static_cast<std::size_t>(row)]] =
            side(batch.source, row, corpus.target_tokenizer().specials());
      }
      return by_number;
    };
    CHECK(sources(1, 0) == sources(1, 0));
    CHECK(sources(1, 0) != sources(1, 1));
    CHECK(sources(1, 0) != sources(2, 0));
    const auto dev = [&] { return evaluation_batches(corpus, "dev", objective, {}, {.longest = 40, .stride = 40}); };
    CHECK(dev()->batch(0, 0).source.equal(dev()->batch(0, 0).source));
  }
}

TEST_CASE("corrupted rows: every token of a text is in one row of its evaluation") {
  const data::testing::Workspace work;
  const Corpus corpus = corpus_of_sentences(work);
  const Specials specials = corpus.target_tokenizer().specials();
  const ObjectiveConfig objective = corrupting("span_corruption", "packed");
  const auto dev = evaluation_batches(corpus, "dev", objective, {}, {.longest = 16, .stride = 16});
  std::vector<std::int64_t> text;
  for (std::int64_t i = 0; i < dev->size(); ++i) {
    const Batch batch = dev->batch(0, i);
    for (std::int64_t row = 0; row < batch.source.size(0); ++row) {
      const auto part = filled(side(batch.source, row, specials), side(batch.target_output, row, specials),
                               corpus.target_tokenizer().size());
      text.insert(text.end(), part.begin(), part.end());
    }
  }
  const TokenStream stream(corpus, "dev", true);
  std::vector<std::int64_t> expected(static_cast<std::size_t>(stream.size() - 1));  // the last one follows no other row
  stream.copy(0, stream.size() - 1, expected.data());
  CHECK(text == expected);
}

TEST_CASE("corrupted rows: a document in words, with marks") {
  const data::testing::Workspace work;
  const Corpus corpus = corpus_of_sentences(work);
  const CorruptedText text = corrupted_text(corpus.target_tokenizer(), corrupting("span_corruption", "documents"),
                                            corpus.split("dev").target(48), 32);
  CHECK(text.source.find("<extra_id_0>") != std::string::npos);
  CHECK(text.target.starts_with("<extra_id_0> "));
  CHECK(text.target.ends_with(" <extra_id_2>"));  // 32 tokens have 5 of noise, in two spans
}

TEST_CASE("corrupted rows: too few sentinels for a row are an error before anything is read") {
  const data::testing::Workspace work;
  const Corpus corpus = corpus_of_sentences(work);
  ObjectiveConfig objective = corrupting("span_corruption", "packed");
  objective.sentinels = 2;
  CHECK_THROWS_AS(training_batches(corpus, "train", objective, {}, 40, 1), UserError);
  CHECK_THROWS_MENTION(training_batches(corpus, "train", objective, {}, 40, 1), "objective.sentinels");
}
