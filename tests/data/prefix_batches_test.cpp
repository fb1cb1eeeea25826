// Prefixes that are drawn for the rows of a causal model (Raffel et al. 2020, section 3.2.1).
#include "data/prefix_batches.h"

#include <set>

#include "data/batches.h"
#include "tests/catch.h"
#include "tests/data/corpus/support.h"

using namespace ablate;
using namespace ablate::data;

namespace {

/// Lines of 1 … 9 words, again and again.
Corpus corpus_of_lines(const data::testing::Workspace& work) {
  std::string text;
  for (int i = 0; i < 60; ++i) {
    for (int word = 0; word <= i % 9; ++word)
      text += (word > 0 ? " " : "") + std::string(1, static_cast<char>('a' + word));
    text += "\n";
  }
  return data::testing::corpus_of_documents(work, text, text);
}

ObjectiveConfig prefixes(const std::string& kind, const std::string& layout) {
  ObjectiveConfig objective;
  objective.kind = kind;
  objective.layout = layout;
  return objective;
}

}  // namespace

TEST_CASE("prefixes: the rows are those of a causal model, and what a prefix holds is not said") {
  const data::testing::Workspace work;
  const Corpus corpus = corpus_of_lines(work);
  for (const char* layout : {"packed", "documents"}) {
    INFO(layout);
    const auto causal = training_batches(corpus, "train", prefixes("causal_lm", layout), {}, 8, 1);
    const auto prefix = training_batches(corpus, "train", prefixes("prefix_lm", layout), {}, 8, 1);
    REQUIRE(causal->size() == prefix->size());
    CHECK(causal->unit() == prefix->unit());
    std::set<std::int64_t> drawn;
    for (std::int64_t epoch = 0; epoch < 4; ++epoch) {
      for (std::int64_t i = 0; i < prefix->size(); ++i) {
        const Batch whole = causal->batch(epoch, i), part = prefix->batch(epoch, i);
        CHECK(part.target_input.equal(whole.target_input));
        CHECK(part.index == whole.index);
        CHECK_FALSE(whole.prefix.defined());
        std::int64_t said = 0;
        for (std::int64_t row = 0; row < part.target_input.size(0); ++row) {
          const auto length = part.prefix[row].item<std::int64_t>();
          const auto real = whole.target_output[row].ne(no_target).sum().item<std::int64_t>();
          CHECK(length >= 1);
          CHECK(length <= real);
          drawn.insert(length);
          CHECK(part.target_output[row].slice(0, 0, length - 1).eq(no_target).all().item<bool>());
          CHECK(part.target_output[row].slice(0, length - 1).equal(whole.target_output[row].slice(0, length - 1)));
          said += real - length + 1;
        }
        CHECK(part.target_tokens == said);
      }
    }
    CHECK(drawn.size() == 8);
  }
}

TEST_CASE("prefixes: every epoch draws others, evaluation always the same") {
  const data::testing::Workspace work;
  const Corpus corpus = corpus_of_lines(work);
  // Documents come in the same batches in some order, so that a row is found by its number.
  const ObjectiveConfig objective = prefixes("prefix_lm", "documents");
  const auto by_row = [&](std::uint64_t seed, std::int64_t epoch) {
    const auto batches = training_batches(corpus, "train", objective, {}, 16, seed);
    std::vector<std::int64_t> all(60, 0);
    for (std::int64_t i = 0; i < batches->size(); ++i) {
      const Batch batch = batches->batch(epoch, i);
      for (std::size_t row = 0; row < batch.index.size(); ++row) {
        all.at(static_cast<std::size_t>(batch.index[row])) =
            batch.prefix[static_cast<std::int64_t>(row)].item<std::int64_t>();
      }
    }
    return all;
  };
  CHECK(by_row(1, 0) == by_row(1, 0));
  CHECK(by_row(1, 0) != by_row(1, 1));
  CHECK(by_row(1, 0) != by_row(2, 0));
  const auto dev = evaluation_batches(corpus, "dev", objective, {}, {16, 16});
  CHECK(dev->batch(0, 0).prefix.equal(evaluation_batches(corpus, "dev", objective, {}, {16, 16})->batch(0, 0).prefix));
}
