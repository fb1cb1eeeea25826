#include "data/windows.h"

#include <map>
#include <optional>
#include <set>

#include "data/batches.h"
#include "tests/catch.h"
#include "tests/data/corpus/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::data;
using namespace ablate::data::testing;

namespace {

using Row = std::vector<std::int64_t>;

Row row_of(const Tensor& matrix, std::int64_t i) {
  const Tensor cells = matrix[i].contiguous();
  const auto* data = cells.const_data_ptr<std::int64_t>();
  return {data, data + cells.numel()};
}

/// Documents of 5, 0, 1 and 17 words in training, of 3 and 4 in dev.
class TextFixture {
 public:
  TextFixture() {
    corpus_.emplace(corpus_of_documents(work_, "a b c d e\n\nf\n" + words(17) + "\n", "a b c\nd e f a\n"));
  }
  const Corpus& corpus() const { return *corpus_; }

 private:
  static std::string words(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += (i == 0 ? "" : " ") + std::string(1, static_cast<char>('a' + i % 6));
    return text;
  }
  Workspace work_;
  std::optional<Corpus> corpus_;
};

/// All tokens of a split by hand.
Row tokens_of(const Corpus& corpus, const std::string& split, bool document_end) {
  Row all;
  for (std::int64_t i = 0; i < corpus.split(split).size(); ++i) {
    for (const std::int32_t id : corpus.split(split).target(i)) all.push_back(id);
    if (document_end) all.push_back(corpus.target_tokenizer().specials().eos);
  }
  return all;
}

const BatchConfig two_rows{.tokens = 4096, .sentences = 2, .multiple = 1};

}  // namespace

TEST_CASE("text is a corpus of documents without sources") {
  const TextFixture fixture;
  CHECK(fixture.corpus().content() == Content::text);
  const std::vector<TextPair> expected{{"", "a b c"}, {"", "d e f a"}};
  CHECK(texts(fixture.corpus().split("dev")) == expected);
  CHECK(fixture.corpus().split("train").size() == 4);
  CHECK(fixture.corpus().split("train").source_tokens() == 0);
  CHECK(Corpus(fixture.corpus().folder()).content() == Content::text);
}

TEST_CASE("a stream is all documents behind one another, wherever it is read") {
  const TextFixture fixture;
  for (const bool document_end : {false, true}) {
    const TokenStream stream(fixture.corpus(), "train", document_end);
    const Row all = tokens_of(fixture.corpus(), "train", document_end);
    REQUIRE(stream.size() == static_cast<std::int64_t>(all.size()));
    for (std::int64_t first = 0; first <= stream.size(); ++first) {
      for (std::int64_t count = 0; first + count <= stream.size(); ++count) {
        Row copied(static_cast<std::size_t>(count), -7);
        stream.copy(first, count, copied.data());
        CHECK(copied == Row(all.begin() + first, all.begin() + first + count));
      }
    }
    std::int64_t token = 0;
    CHECK_THROWS_AS(stream.copy(stream.size(), 1, &token), std::out_of_range);
    CHECK_THROWS_AS(stream.copy(-1, 1, &token), std::out_of_range);
  }
}

TEST_CASE("windows of training say what follows each of their tokens") {
  const TextFixture fixture;
  const Row all = tokens_of(fixture.corpus(), "train", true);
  for (const Windows kind : {Windows::random, Windows::consecutive}) {
    TrainingWindows windows(TokenStream(fixture.corpus(), "train", true), two_rows, 5, kind, 1);
    CHECK(windows.used() == 4);  // two batches of two; a fifth window would make a small one
    std::set<std::int64_t> places;
    for (std::int64_t epoch = 0; epoch < 40; ++epoch) {
      std::vector<std::int64_t> in_epoch;
      for (std::int64_t i = 0; i < windows.size(); ++i) {
        const Batch batch = windows.batch(epoch, i);
        CHECK_FALSE(batch.source.defined());
        CHECK(batch.target_tokens == batch.target_output.numel());
        for (std::int64_t b = 0; b < batch.target_input.size(0); ++b) {
          const std::int64_t place = batch.index[static_cast<std::size_t>(b)];
          in_epoch.push_back(place);
          CHECK(row_of(batch.target_input, b) == Row(all.begin() + place, all.begin() + place + 5));
          CHECK(row_of(batch.target_output, b) == Row(all.begin() + place + 1, all.begin() + place + 6));
        }
      }
      CHECK(in_epoch.size() == static_cast<std::size_t>(windows.used()));
      places.insert(in_epoch.begin(), in_epoch.end());
      std::ranges::sort(in_epoch);
      for (std::size_t i = 1; kind == Windows::consecutive && i < in_epoch.size(); ++i) {
        CHECK(in_epoch[i] == in_epoch[i - 1] + 5);
      }
    }
    // Over the epochs a window begins wherever one may.
    CHECK(*places.begin() == 0);
    CHECK(*places.rbegin() == static_cast<std::int64_t>(all.size()) - 6);
    CHECK(places.size() == all.size() - 5);
  }
}

TEST_CASE("windows of training are a function of seed, epoch and number") {
  const TextFixture fixture;
  const auto places = [&](Windows kind, std::uint64_t seed, std::int64_t epoch) {
    TrainingWindows windows(TokenStream(fixture.corpus(), "train", true), two_rows, 3, kind, seed);
    std::vector<std::int64_t> all;
    for (std::int64_t i = windows.size(); i-- > 0;) {
      const Batch batch = windows.batch(epoch, i);
      all.insert(all.end(), batch.index.begin(), batch.index.end());
    }
    return all;
  };
  for (const Windows kind : {Windows::random, Windows::consecutive}) {
    CHECK(places(kind, 1, 0) == places(kind, 1, 0));
    CHECK(places(kind, 1, 0) != places(kind, 1, 1));
    CHECK(places(kind, 1, 0) != places(kind, 2, 0));
  }
}

TEST_CASE("windows of an evaluation say every token but the first once, with the context that the stride leaves") {
  const TextFixture fixture;
  for (const bool document_end : {false, true}) {
    const Row all = tokens_of(fixture.corpus(), "train", document_end);
    for (const std::int64_t length : {1, 2, 5, 7, 22, 23, 100}) {
      for (std::int64_t stride = 1; stride <= std::min<std::int64_t>(length, 9); ++stride) {
        INFO("windows of " << length << " every " << stride);
        EvaluationWindows windows(TokenStream(fixture.corpus(), "train", document_end), two_rows, length, stride);
        std::map<std::int64_t, int> said;
        for (std::int64_t i = 0; i < windows.size(); ++i) {
          const Batch batch = windows.batch(0, i);
          std::int64_t counted = 0;
          for (std::int64_t b = 0; b < batch.target_input.size(0); ++b) {
            const std::int64_t place = batch.index[static_cast<std::size_t>(b)];
            const Row input = row_of(batch.target_input, b), output = row_of(batch.target_output, b);
            for (std::int64_t t = 0; t < length; ++t) {
              const auto at = static_cast<std::size_t>(t);
              if (output[at] == no_target) continue;
              ++counted;
              ++said[place + t + 1];
              CHECK(output[at] == all.at(static_cast<std::size_t>(place + t + 1)));
              CHECK(input[at] == all.at(static_cast<std::size_t>(place + t)));
              // Tokens before it, itself not counted.
              if (place > 0) CHECK(t + 1 > length - stride);
            }
          }
          CHECK(counted == batch.target_tokens);
        }
        CHECK(said.size() == all.size() - 1);
        for (const auto& [place, times] : said) CHECK(times == 1);
      }
    }
  }
}

TEST_CASE("text that is too short for a window is an error that says so") {
  const TextFixture fixture;
  const TokenStream dev(fixture.corpus(), "dev", false);
  CHECK(TrainingWindows(dev, two_rows, 6, Windows::random, 1).used() == 1);
  CHECK_THROWS_MENTION(TrainingWindows(dev, two_rows, 7, Windows::random, 1), "has 7 tokens: too few");
  CHECK_THROWS_AS(EvaluationWindows(dev, two_rows, 4, 0), std::invalid_argument);
  CHECK_THROWS_AS(EvaluationWindows(dev, two_rows, 4, 5), std::invalid_argument);
}

TEST_CASE("documents by themselves go from <s> to </s>; one that is cut goes on") {
  const TextFixture fixture;
  ObjectiveConfig objective;
  objective.kind = "causal_lm";
  objective.layout = "documents";
  const Specials specials = fixture.corpus().target_tokenizer().specials();
  const auto dev = evaluation_batches(fixture.corpus(), "dev", objective, {}, {.longest = 4, .stride = 4});
  REQUIRE(dev->size() == 1);
  CHECK(dev->cut() == 1);
  const Batch batch = dev->batch(0, 0);
  CHECK_FALSE(batch.source.defined());
  CHECK(batch.source_tokens == 0);
  CHECK(batch.target_tokens == 8);
  const auto words = [&](std::int64_t document) {
    const auto ids = fixture.corpus().split("dev").target(document);
    return Row(ids.begin(), ids.end());
  };
  const Row whole = words(0), longer = words(1);
  CHECK((row_of(batch.target_input, 0) == Row{specials.bos, whole[0], whole[1], whole[2]}));
  CHECK((row_of(batch.target_output, 0) == Row{whole[0], whole[1], whole[2], specials.eos}));
  CHECK((row_of(batch.target_input, 1) == Row{specials.bos, longer[0], longer[1], longer[2]}));
  CHECK((row_of(batch.target_output, 1) == Row{longer[0], longer[1], longer[2], longer[3]}));

  const auto train = training_batches(fixture.corpus(), "train", objective, {}, 6, 1);
  CHECK(train->used() == 4);
  CHECK(train->skipped() == 0);
  CHECK(train->unit() == "documents");
}
