// Labelled texts: read, stored, cut and put into batches.
#include "data/labelled.h"

#include "data/batches.h"
#include "data/labelled_ids.h"
#include "data/tokenizers/labels.h"
#include "tests/catch.h"
#include "tests/data/support.h"

using namespace ablate;
using namespace ablate::data;
using ablate::testing::TemporaryFolder;

namespace {

Corpus labelled_corpus(const TemporaryFolder& folder, const std::string& reader) {
  const auto config = data::testing::from_json<DataConfig>(
      R"({"kind": "files", "train": ["train.txt"], "dev": ["dev.txt"], "tokenizer": {"kind": "words"}, "reader": )" +
      reader + "}");
  return prepare_corpus(config, {folder.path(), folder / "cache", "", ""}, [](const std::string&) {});
}

std::vector<std::vector<std::int64_t>> rows_of(const Tensor& tensor) {
  std::vector<std::vector<std::int64_t>> rows;
  for (std::int64_t i = 0; i < tensor.size(0); ++i) {
    const auto* row = tensor[i].const_data_ptr<std::int64_t>();
    rows.emplace_back(row, row + tensor.size(1));
  }
  return rows;
}

using Ids = std::vector<std::int32_t>;
constexpr std::int32_t eos = 2;

}  // namespace

TEST_CASE("labelled: classes are those of the training set, in order, and texts begin and end with signs", "[data]") {
  const TemporaryFolder folder;
  folder.write("train.txt", "no a b\nyes b\nno a\n");
  folder.write("dev.txt", "yes a a b\n");
  const Corpus corpus = labelled_corpus(folder, R"({"kind": "labelled_lines"})");
  CHECK(corpus.content() == Content::classes);
  CHECK_FALSE(corpus.joint());
  CHECK(corpus.target_tokenizer().size() == 2);
  CHECK(corpus.target_tokenizer().piece(0) == "no");
  CHECK(corpus.target_tokenizer().piece(1) == "yes");
  // <pad> <s> </s> <unk>, then a and b as often as each other: a before b.
  const auto batches = evaluation_batches(corpus, "train", {.kind = "classification"}, {}, {8, 8});
  const Batch batch = batches->batch(0, 0);
  CHECK(rows_of(batch.source) == std::vector<std::vector<std::int64_t>>{{1, 5, 2, 0}, {1, 4, 2, 0}, {1, 4, 5, 2}});
  CHECK(rows_of(batch.target_output) == std::vector<std::vector<std::int64_t>>{{1}, {0}, {0}});
  CHECK_FALSE(batch.source_types.defined());
  CHECK_FALSE(batch.target_input.defined());
  CHECK(batch.target_tokens == 3);
  CHECK(batch.source_tokens == 10);
  CHECK(batch.index == std::vector<std::int64_t>{1, 2, 0});
  CHECK(batches->unit() == "texts");
}

TEST_CASE("labelled: two texts have a sign between them and types", "[data]") {
  const TemporaryFolder folder;
  folder.write("train.txt", "head\n7\ta b\tb\t1.5\n8\ta\ta b b\t-2\n");
  folder.write("dev.txt", "head\n9\tb\ta\t0.1\n");
  const Corpus corpus = labelled_corpus(folder, R"({"kind": "labelled_tsv", "text_columns": [1], "second_columns": [2],
                                                    "label_column": 3, "labels": "numbers", "skip_header": true})");
  CHECK(corpus.content() == Content::numbers);
  CHECK(corpus.split("train").source_text(0) == "a b\tb");
  const Batch batch = evaluation_batches(corpus, "train", {.kind = "regression"}, {}, {9, 9})->batch(0, 0);
  const std::int64_t a = corpus.source_tokenizer().encode("a").front(),
                     b = corpus.source_tokenizer().encode("b").front();
  CHECK(rows_of(batch.source) == std::vector<std::vector<std::int64_t>>{{1, a, b, 2, b, 2, 0}, {1, a, 2, a, b, b, 2}});
  CHECK(rows_of(batch.source_types) ==
        std::vector<std::vector<std::int64_t>>{{0, 0, 0, 0, 1, 1, 0}, {0, 0, 0, 1, 1, 1, 1}});
  CHECK_FALSE(batch.target_output.defined());
  CHECK(batch.values.sizes() == at::IntArrayRef({2, 1}));
  CHECK(batch.values[0].item<float>() == 1.5F);
  CHECK(batch.values[1].item<float>() == -2.0F);
  CHECK(labelled_ids(corpus.source_tokenizer(), "a b\tb") ==
        Ids(corpus.split("train").source(0).begin(), corpus.split("train").source(0).end()));
}

TEST_CASE("labelled: what is too long loses the end of its longer text first", "[data]") {
  CHECK(cut_texts(Ids{5, 6, 7}, eos, 5) == Ids{5, 6, 7});
  CHECK(cut_texts(Ids{5, 6, 7}, eos, 2) == Ids{5, 6});
  CHECK(cut_texts(Ids{5, 6, 7, 8, eos, 9}, eos, 4) == Ids{5, 6, eos, 9});
  CHECK(cut_texts(Ids{5, eos, 6, 7, 8, 9}, eos, 4) == Ids{5, eos, 6, 7});
  CHECK(cut_texts(Ids{5, 6, 7, eos, 8, 9, 10}, eos, 4) == Ids{5, 6, eos, 8});
  CHECK(cut_texts(Ids{5, 6, 7, eos, 8, 9, 10}, eos, 5) == Ids{5, 6, eos, 8, 9});
}

TEST_CASE("labelled: texts that are too long are cut in training, too", "[data]") {
  const TemporaryFolder folder;
  folder.write("train.txt", "no a b a b a b\nyes b\n");
  folder.write("dev.txt", "yes a\n");
  const Corpus corpus = labelled_corpus(folder, R"({"kind": "labelled_lines"})");
  const auto batches = training_batches(corpus, "train", {.kind = "classification"}, {}, 5, 1);
  CHECK(batches->cut() == 1);
  CHECK(batches->skipped() == 0);
  CHECK(batches->used() == 2);
  for (std::int64_t i = 0; i < batches->size(); ++i) CHECK(batches->batch(0, i).source.size(1) <= 5);
}

TEST_CASE("labelled: what is no label is refused where it stands", "[data]") {
  const TemporaryFolder folder;
  const auto fails = [&](const std::string& train, const std::string& dev, const std::string& reader,
                         const std::string& message) {
    folder.write("train.txt", train);
    folder.write("dev.txt", dev);
    CHECK_THROWS_MENTION(labelled_corpus(folder, reader), message);
  };
  const char* const lines = R"({"kind": "labelled_lines"})";
  fails("no a\nyes b\n", "maybe a\n", lines,
        "dev.txt:1: the label 'maybe' does not occur in the training set, which has no, yes");
  fails("no a\nyes\n", "no a\n", lines, "train.txt:2: expected 'label text'");
  fails("no a\nno b\n", "no a\n", lines, "texts of one class alone");
  fails("no a\n", "no a\n", R"({"kind": "labelled_lines", "labels": "numbers"})",
        "train.txt:1: the label 'no' is no number");
  fails("a\tx\n", "a\tx\n", R"({"kind": "labelled_tsv", "label_column": 2})", "column 2 is asked for");
  CHECK_THROWS_MENTION(data::testing::from_json<ReaderConfig>(R"({"kind": "labelled_lines", "label_column": 2})"),
                       "label_column");
}

TEST_CASE("labelled: labels and numbers are stored and read back", "[data][tokenizer]") {
  const TemporaryFolder folder;
  const auto labels = make_labels({"b", "a", "a class"});
  folder.write("labels.vocab.json", labels->serialize());
  const auto loaded = load_tokenizer(folder / "labels.vocab.json");
  CHECK(loaded->serialize() == labels->serialize());
  CHECK(loaded->encode("a class") == Ids{1});
  CHECK(loaded->decode(Ids{2}) == "b");
  CHECK_THROWS_MENTION(loaded->decode(Ids{3}), "outside the vocabulary");
  const auto numbers = make_numbers();
  folder.write("numbers.vocab.json", numbers->serialize());
  for (const char* number : {"0", "-1.5", "3.25", "1e-07", "123456.7"}) {
    CHECK(load_tokenizer(folder / "numbers.vocab.json")->decode(numbers->encode(number)) == number);
  }
}
