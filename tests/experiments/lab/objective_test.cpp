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
  CHECK(of_family("decoder").evaluation.metrics.empty());
  const auto metrics_of = [](const std::string& head) {
    return data::testing::from_json<RunConfig>(R"({"model": {"family": "encoder", "head": {"kind": ")" + head +
                                               R"("}}})")
        .evaluation.metrics;
  };
  CHECK(metrics_of("words").empty());
  CHECK(metrics_of("classes") == std::vector<std::string>{"label_accuracy", "macro_f1"});
  CHECK(metrics_of("number") == std::vector<std::string>{"pearson", "spearman"});
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

TEST_CASE("objective: windows overlap where every token is said once", "[lab]") {
  const auto overlapping = [](const std::string& family, const std::string& objective) {
    return data::testing::from_json<RunConfig>(R"({"model": {"family": ")" + family +
                                               R"(", "max_length": 64}, "objective": {"kind": ")" + objective +
                                               R"("}, "evaluation": {"stride": 8}})");
  };
  CHECK(overlapping("decoder", "causal_lm").evaluation.stride == 8);
  CHECK_THROWS_MENTION(overlapping("decoder", "prefix_lm"),
                       "is of the objective 'causal_lm': 'prefix_lm' says a part of each window that was drawn");
  CHECK_THROWS_MENTION(overlapping("encoder", "masked_lm"), "has no effect: what is hidden is said from both sides");
  CHECK_THROWS_MENTION(overlapping("encoder_decoder", "translation"), "is of windows of text: there are none");
}

TEST_CASE("objective: FLOPs are of what is read and of what is said", "[lab]") {
  CHECK(learnt(run_of("decoder", R"({"kind": "causal_lm"})"), {0, 64}) == Lengths{0, 64, -1});
  // 1 to 64 tokens behind the prefix, 32.5 on average.
  CHECK(learnt(run_of("decoder", R"({"kind": "prefix_lm"})"), {0, 64}) == Lengths{0, 64, 33});
  // 15 % of 64, and all of them are read.
  CHECK(learnt(run_of("encoder", R"({"kind": "masked_lm"})"), {0, 64}) == Lengths{64, 64, 10});
  CHECK(learnt(run_of("encoder_decoder", R"({"kind": "span_corruption"})"), {0, 512}) == Lengths{512, 115, -1});
  // 100 tokens and </s>: 15 of them in 5 spans.
  CHECK(learnt(run_of("encoder_decoder", R"({"kind": "span_corruption", "layout": "documents"})"), {0, 101}) ==
        Lengths{100 - 15 + 5 + 1, 15 + 5 + 2, -1});
  CHECK(learnt(run_of("encoder_decoder", R"({"kind": "denoising", "layout": "documents"})"), {0, 101}) ==
        Lengths{81, 101, -1});
  CHECK(learnt(run_of("encoder_decoder", R"({"kind": "denoising"})"), {0, 512}) == Lengths{410, 512, -1});
}
