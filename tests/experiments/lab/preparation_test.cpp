// What the data of a row says of its model.
#include "experiments/lab/preparation.h"

#include "tests/catch.h"
#include "tests/data/corpus/support.h"

using ablate::data::Corpus;
using ablate::data::testing::words_config;
using ablate::data::testing::Workspace;

TEST_CASE("sides with tokenizers of their own share embeddings if their vocabularies are the same", "[lab]") {
  const Workspace work;
  work.write("a", "x y\nz\n");
  work.write("b", "z y\nx\n");
  work.write("c", "u v\nw\n");
  ablate::lab::RunConfig config;
  config.model.embedding.tying = "all";
  const std::string apart = R"("joint": false)";
  const Corpus same = work.prepare(words_config(R"("train": ["a", "b"], "dev": ["a", "b"])", apart));
  REQUIRE_FALSE(same.joint());
  CHECK(ablate::lab::vocabulary_of(same, config, "row").target_size == 7);
  const Corpus other = work.prepare(words_config(R"("train": ["a", "c"], "dev": ["a", "c"])", apart));
  CHECK_THROWS_MENTION(ablate::lab::vocabulary_of(other, config, "row"), "needs one vocabulary for both sides");
  config.model.embedding.tying = "none";
  CHECK(ablate::lab::vocabulary_of(other, config, "row").target_size == 7);
}
