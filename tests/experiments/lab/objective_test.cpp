// What follows from the objective of a run before anything is trained.
#include "experiments/lab/config.h"
#include "experiments/lab/flops.h"
#include "tests/data/support.h"

// After LibTorch, whose logging has a CHECK of its own.
#include "tests/catch.h"

using namespace ablate;
using namespace ablate::lab;

namespace {

RunConfig run_of(const std::string& family, const std::string& objective) {
  return data::testing::from_json<RunConfig>(R"({"model": {"family": ")" + family + R"(", "max_length": 512},
      "objective": )" + objective + "}");
}

std::vector<std::int64_t> learnt(const RunConfig& run, SequenceLengths lengths) {
  const SequenceLengths found = lengths_learnt(run, lengths);
  return {found.source, found.target, found.said.value_or(-1)};
}

using Lengths = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("objective: a family has its standard, and others that it learns", "[lab]") {
  const auto of_family = [](const std::string& family) {
    return data::testing::from_json<RunConfig>(R"({"model": {"family": ")" + family + "\"}}");
  };
  CHECK(of_family("decoder").objective.kind == "causal_lm");
  CHECK(of_family("encoder_decoder").evaluation.metrics == std::vector<std::string>{"bleu"});
  CHECK_FALSE(of_family("decoder").model.decoder.reads_prefix);
  CHECK(run_of("decoder", R"({"kind": "prefix_lm"})").model.decoder.reads_prefix);
  for (const char* objective : {R"({"kind": "span_corruption"})", R"({"kind": "denoising"})"}) {
    const RunConfig run = run_of("encoder_decoder", objective);
    CHECK(run.evaluation.metrics.empty());
    CHECK(run.reads_windows());
    CHECK(run.decodes());
    CHECK_FALSE(run.seeks_outputs());
    CHECK_FALSE(run.model.decoder.reads_prefix);
  }
  CHECK_THROWS_MENTION(run_of("decoder", R"({"kind": "denoising"})"), "is not for the family 'decoder'");
}

TEST_CASE("objective: FLOPs are of what is read and of what is said", "[lab]") {
  CHECK(learnt(run_of("decoder", R"({"kind": "causal_lm"})"), {0, 64}) == Lengths{0, 64, -1});
  // 1 to 64 tokens behind the prefix, 32.5 on average.
  CHECK(learnt(run_of("decoder", R"({"kind": "prefix_lm"})"), {0, 64}) == Lengths{0, 64, 33});
  CHECK(learnt(run_of("encoder_decoder", R"({"kind": "span_corruption"})"), {0, 512}) == Lengths{512, 115, -1});
  // 100 tokens and </s>: 15 of them in 5 spans.
  CHECK(learnt(run_of("encoder_decoder", R"({"kind": "span_corruption", "layout": "documents"})"), {0, 101}) ==
        Lengths{100 - 15 + 5 + 1, 15 + 5 + 2, -1});
  CHECK(learnt(run_of("encoder_decoder", R"({"kind": "denoising", "layout": "documents"})"), {0, 101}) ==
        Lengths{81, 101, -1});
  CHECK(learnt(run_of("encoder_decoder", R"({"kind": "denoising"})"), {0, 512}) == Lengths{410, 512, -1});
}
