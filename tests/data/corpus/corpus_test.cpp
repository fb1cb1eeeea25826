#include "data/corpus.h"

#include <set>
#include <string>
#include <vector>

#include "data/files/sha256.h"
#include "tests/catch.h"
#include "tests/data/corpus/support.h"
#include "tests/data/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::data;
using namespace ablate::data::testing;

TEST_CASE("a corpus of files is prepared once and then found") {
  const Workspace work;
  work.write("t.en", "a dog\na cat\n");
  work.write("t.de", "ein Hund\neine Katze\n");
  work.write("d.en", "a bird\n");
  work.write("d.de", "ein Vogel\n");
  const std::string config = words_config(R"("train": ["t.en", "t.de"], "dev": ["d.en", "d.de"],
                                              "test": {"one": ["d.en", "d.de"], "two": ["t.en", "t.de"]})");
  const Corpus corpus = work.prepare(config);
  CHECK_FALSE(work.said().empty());
  CHECK(corpus.split_names() == std::vector<std::string>{"train", "dev", "one", "two"});
  CHECK(texts(corpus.split("train")) == std::vector<TextPair>{{"a dog", "ein Hund"}, {"a cat", "eine Katze"}});
  CHECK(texts(corpus.split("one")) == std::vector<TextPair>{{"a bird", "ein Vogel"}});
  CHECK(corpus.joint());
  CHECK(&corpus.source_tokenizer() == &corpus.target_tokenizer());
  const Split& train = corpus.split("train");
  CHECK(corpus.source_tokenizer().decode(train.source(1)) == "a cat");
  CHECK(corpus.target_tokenizer().decode(train.target(0)) == "ein Hund");
  CHECK_THROWS_MENTION(corpus.split("tset"), "no split 'tset'; it has train, dev, one, two");

  const Corpus again = work.prepare(config);
  CHECK(work.said().empty());
  CHECK(again.folder() == corpus.folder());
  CHECK(again.content_hash() == corpus.content_hash());
}

TEST_CASE("the cache is keyed by content and by everything that acts on it") {
  const Workspace work;
  work.write("t.en", "a dog\na cat\n");
  work.write("t.de", "ein Hund\neine Katze\n");
  const std::string files = R"("train": ["t.en", "t.de"], "dev": ["t.en", "t.de"])";
  const Corpus first = work.prepare(words_config(files));
  std::set<std::filesystem::path> folders{first.folder()};
  folders.insert(work.prepare(words_config(files + R"(, "reverse": true)")).folder());
  folders.insert(work.prepare(words_config(files, R"("joint": false)")).folder());
  folders.insert(work.prepare(words_config(files, R"("min_count": 2)")).folder());
  folders.insert(work.prepare(words_config(files + R"(, "test": ["t.en", "t.de"])")).folder());
  CHECK(folders.size() == 5);

  work.write("copy.en", "a dog\na cat\n");
  const auto renamed = work.prepare(words_config(R"("train": ["copy.en", "t.de"], "dev": ["t.en", "t.de"])"));
  CHECK(renamed.folder() == first.folder());
  work.write("t.de", "ein Hund\neine Kätzin\n");
  const Corpus changed = work.prepare(words_config(files));
  CHECK(changed.folder() != first.folder());
  CHECK(changed.content_hash() != first.content_hash());
}

TEST_CASE("the content hash is that of what is trained on, the split hash that of what is evaluated") {
  const Workspace work;
  work.write("t.en", "a dog\na cat\n");
  work.write("t.de", "ein Hund\neine Katze\n");
  work.write("d.en", "a cat\n");
  work.write("d.de", "eine Katze\n");
  const auto one = work.prepare(words_config(R"("train": ["t.en", "t.de"], "dev": ["d.en", "d.de"])"));
  const auto two = work.prepare(words_config(R"("train": ["t.en", "t.de"], "dev": ["t.en", "t.de"])"));
  CHECK(one.content_hash() == two.content_hash());
  CHECK(one.split_hash("dev") != two.split_hash("dev"));
  CHECK(two.split_hash("dev") == two.split_hash("train"));
  const auto swapped =
      work.prepare(words_config(R"("train": ["t.en", "t.de"], "dev": ["d.en", "d.de"], "reverse": true)"));
  CHECK(texts(swapped.split("dev")) == std::vector<TextPair>{{"eine Katze", "a cat"}});
  CHECK(swapped.content_hash() != one.content_hash());
}

TEST_CASE("tokenizers are trained on the training pairs alone, together or apart") {
  const Workspace work;
  work.write("t.tsv", "dog\tHund\ncat\tKatze\n");
  work.write("d.tsv", "bird\tVogel\n");
  const std::string files = R"("reader": {"kind": "tsv"}, "train": ["t.tsv"], "dev": ["d.tsv"])";
  const auto vocabulary = [](const Tokenizer& tokenizer) {
    std::set<std::string> pieces;
    for (std::int32_t id = 4; id < tokenizer.size(); ++id) pieces.insert(tokenizer.piece(id));
    return pieces;
  };
  using Words = std::set<std::string>;
  const Corpus joint = work.prepare(words_config(files));
  CHECK(vocabulary(joint.source_tokenizer()) == Words{"dog", "cat", "Hund", "Katze"});
  const Corpus apart = work.prepare(words_config(files, R"("joint": false)"));
  CHECK_FALSE(apart.joint());
  CHECK(vocabulary(apart.source_tokenizer()) == Words{"dog", "cat"});
  CHECK(vocabulary(apart.target_tokenizer()) == Words{"Hund", "Katze"});
  CHECK(apart.split("dev").source(0)[0] == apart.source_tokenizer().specials().unk);
}

TEST_CASE("SentencePiece is trained in process, and an existing model is taken as it is") {
  const Workspace work;
  std::string text;
  for (const char* who : {"the cat", "a grey dog", "eine Möwe"}) {
    for (const char* does : {"sees", "follows", "paints", "überholt"}) {
      for (const char* what : {"the river.", "a train!", "seven ships.", "nothing."}) {
        text += std::string(who) + " " + does + " " + what + "\n";
      }
    }
  }
  work.write("t", text);
  const std::string files = R"("kind": "files", "train": ["t", "t"], "dev": ["t", "t"])";
  const auto trained = work.prepare("{" + files + R"(, "tokenizer": {"vocabulary_size": 60}})");
  CHECK(trained.source_tokenizer().size() == 60);
  const Split& split = trained.split("train");
  CHECK(trained.source_tokenizer().decode(split.source(7)) == split.source_text(7));

  work.write("old.model", trained.source_tokenizer().serialize());
  const auto given = work.prepare("{" + files + R"(, "tokenizer": {"model": "old.model"}})");
  CHECK(given.folder() != trained.folder());
  CHECK(given.content_hash() == trained.content_hash());
}

TEST_CASE("training pairs with an empty side are left out and counted, others keep theirs") {
  const Workspace work;
  work.write("t.tsv", "a\tA\n\tB\nc\t\n \tD\ne\tE\n");
  const auto corpus = work.prepare(words_config(R"("reader": {"kind": "tsv"}, "train": ["t.tsv"], "dev": ["t.tsv"])"));
  CHECK(texts(corpus.split("train")) == std::vector<TextPair>{{"a", "A"}, {"e", "E"}});
  CHECK(corpus.split("train").skipped() == 3);
  CHECK(corpus.split("dev").size() == 5);
  CHECK(work.said().find("warning: train: 3 pairs with an empty side were left out") != std::string::npos);
}

TEST_CASE("a built-in task is a corpus") {
  const Workspace work;
  const auto corpus =
      work.prepare(R"({"kind": "task", "task": {"kind": "reverse", "train": 50, "dev": 10, "test": 5}})");
  CHECK(corpus.split("train").size() == 50);
  CHECK(corpus.split("dev").size() == 10);
  CHECK(corpus.split("test").size() == 5);
  const auto other =
      work.prepare(R"({"kind": "task", "task": {"kind": "reverse", "train": 50, "dev": 10, "test": 5, "seed": 2}})");
  CHECK(other.content_hash() != corpus.content_hash());
}

TEST_CASE("a recipe's corpus is read from the data root") {
  const Workspace work;
  const std::string lines = "IN: jump OUT: I_JUMP\nIN: run OUT: I_RUN\nIN: walk OUT: I_WALK\n";
  work.write("recipes/toy.json",
             R"({"reader": {"kind": "scan"}, "train": ["t.txt"], "split": {"kind": "random", "dev": 1},
                                      "files": {"t.txt": {"lines": 3, "sha256": ")" +
                 sha256(lines) + "\"}}}");
  const std::string config = R"({"recipe": "toy", "tokenizer": {"kind": "words"}})";
  CHECK_THROWS_MENTION(work.prepare(config), "ablate data get toy");
  work.write("corpora/toy/t.txt", lines);
  CHECK(work.prepare(config).split("train").size() == 2);
  CHECK_THROWS_MENTION(work.prepare(R"({"recipe": "toi"})"), "did you mean 'toy'?");
}
