// Widths solved so that rows are as large, or as costly, as the baseline: against sums done by hand.
#include "experiments/lab/match.h"

#include "experiments/lab/flops.h"
#include "experiments/lab/step_time.h"
#include "tests/data/support.h"
#include "tests/experiments/lab/experiment_file.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::lab;
using namespace ablate::lab::testing;

namespace {

constexpr const char* copy_task = R"("data": {"kind": "task", "task": {"kind": "copy", "train": 20, "dev": 5, "test": 5,
    "min_length": 3}})";

/// An experiment of ReLU with d_ff 24 and a gated row, without biases: 2 x 24 columns are 3 x 16.
std::string gated(const std::string& match, const std::string& row = "") {
  return R"("model": {"d_model": 8, "attention": {"heads": 2}, "feed_forward": {"d_ff": 24, "bias": false},
      "encoder": {"layers": 1}, "decoder": {"layers": 1}}, "match": )" +
         match + R"(, "rows": [{"name": "relu"}, {"name": "swiglu", "set": {"model.feed_forward.kind": "swiglu")" +
         row + "}], " + copy_task;
}

std::vector<PreparedRow> prepared(const Experiment& experiment, const TemporaryFolder& folder) {
  return prepare(experiment, experiment.select({}), folder / "runs", at::kCPU, [](const std::string&) {});
}

std::int64_t parameters_of(const PreparedRow& row) { return count_parameters(row.row->config.model, row.vocabulary); }

}  // namespace

TEST_CASE("match: a gated unit gets two thirds of d_ff for the same parameters", "[lab][match]") {
  const TemporaryFolder folder;
  const Experiment experiment = load(folder, gated(R"({"by": "parameters"})", "}"));
  const std::vector<PreparedRow> rows = prepared(experiment, folder);
  CHECK_FALSE(rows[0].match.has_value());
  CHECK(rows[0].row->config.model.feed_forward.d_ff == 24);
  REQUIRE(rows[1].match.has_value());
  CHECK(rows[1].match->value == 16);
  CHECK(rows[1].match->difference() == 0);
  CHECK(rows[1].row->config.model.feed_forward.d_ff == 16);
  CHECK(rows[1].row->config.model.decoder.feed_forward.d_ff == 16);
  CHECK(parameters_of(rows[0]) == parameters_of(rows[1]));
  // The width is a difference to the baseline like one that the file sets.
  const auto names_width = [](const config::Change& change) { return change.path == "model.feed_forward.d_ff"; };
  CHECK(std::ranges::any_of(rows[1].row->changes, names_width));
}

TEST_CASE("match: a stack with a width of its own would not follow", "[lab][match]") {
  const TemporaryFolder folder;
  const Experiment experiment =
      load(folder, gated(R"({"by": "parameters", "tolerance": 0.9})", R"(, "model.encoder.feed_forward.d_ff": 24})"));
  CHECK_THROWS_MENTION(prepared(experiment, folder),
                       "model.feed_forward.d_ff does not reach the encoder, which has 24 of its own");
}

TEST_CASE("prepare: what is wrong with the table's columns is found before training", "[lab]") {
  const TemporaryFolder folder;
  const auto rows_of = [&](const std::string& keys, const std::vector<std::string>& rows) {
    const Experiment experiment = load(folder, keys + ", " + copy_task);
    return prepare(experiment, experiment.select(rows), folder / "runs", std::nullopt, [](const std::string&) {});
  };
  const std::string two_names = R"("table": {"metrics": ["bleu@test"]}, "rows": [{"name": "a", "paper": {"bleu": 1}},
      {"name": "b", "paper": {"bleu@test": 2}, "set": {"model.dropout": 0.3}}])";
  CHECK_THROWS_MENTION(rows_of(two_names, {}), "'bleu' and 'bleu@test' both mean the column bleu@test");
  // What another row measures may be asked for; what none measures may not.
  const std::string other = R"("table": {"metrics": ["bleu@test", "chrf@test"]}, "rows": [{"name": "a"},
      {"name": "b", "set": {"evaluation.metrics": ["bleu", "chrf"]}}])";
  CHECK(rows_of(other, {}).size() == 2);
  CHECK(rows_of(other, {"a"}).size() == 1);
  CHECK_THROWS_MENTION(rows_of(R"("table": {"metrics": ["bleu@tset"]})", {}), "no row measures 'bleu@tset'");
}

TEST_CASE("match: rows of which the baseline is none are matched to it all the same", "[lab][match]") {
  const TemporaryFolder folder;
  const Experiment experiment = load(folder, gated(R"({"by": "parameters"})", "}"));
  const auto rows =
      prepare(experiment, experiment.select({"swiglu"}), folder / "runs", at::kCPU, [](const std::string&) {});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].row->config.model.feed_forward.d_ff == 16);
}

TEST_CASE("match: by FLOPs a token, which biases do not change", "[lab][match]") {
  const TemporaryFolder folder;
  const Experiment experiment = load(folder, gated(R"({"by": "flops"})", "}"));
  const std::vector<PreparedRow> rows = prepared(experiment, folder);
  CHECK(rows[1].row->config.model.feed_forward.d_ff == 16);
  CHECK(flops_per_token(rows[0]) == flops_per_token(rows[1]));
  CHECK(rows[1].match->target == flops_per_token(rows[0]));
}

TEST_CASE("match: the nearest multiple, and how near it comes", "[lab][match]") {
  const TemporaryFolder folder;
  const Experiment experiment = load(folder, gated(R"({"by": "parameters", "multiple_of": 5, "tolerance": 0.2})", "}"));
  const std::vector<PreparedRow> rows = prepared(experiment, folder);
  CHECK(rows[1].match->value == 15);  // 16 would be exact; two units lack 3 x 8 parameters each
  const auto all = static_cast<double>(parameters_of(rows[0]));
  CHECK(rows[1].match->difference() == Approx(-2 * 3 * 8 / all));
}

TEST_CASE("match: what cannot be reached is an error that says how near it gets", "[lab][match]") {
  const TemporaryFolder folder;
  const Experiment coarse = load(folder, gated(R"({"by": "parameters", "multiple_of": 20})", "}"));
  CHECK_THROWS_MENTION(prepared(coarse, folder), "row 'swiglu'");
  CHECK_THROWS_MENTION(prepared(coarse, folder), "20 gives +");
  CHECK_THROWS_MENTION(prepared(coarse, folder), "within 1 %");
  // With one layer more the row is larger than the baseline before d_ff is anything.
  const Experiment large = load(folder, gated(R"({"by": "parameters"})", R"(, "model.encoder.layers": 6})"));
  CHECK_THROWS_MENTION(prepared(large, folder), "1 gives +");
}

TEST_CASE("match: a width that the model does not allow is named", "[lab][match]") {
  const TemporaryFolder folder;
  const Experiment experiment = load(folder, gated(R"({"by": "parameters", "adjust": "model.d_model"})", "}"));
  CHECK_THROWS_MENTION(prepared(experiment, folder), "model.d_model = 1 is not allowed there");
}

TEST_CASE("match: a row may be left as it is, but not set what is solved for", "[lab][match]") {
  const TemporaryFolder folder;
  const Experiment left =
      load(folder, gated(R"({"by": "parameters"})", R"(, "model.feed_forward.d_ff": 7}, "match": false)"));
  CHECK(prepared(left, folder)[1].row->config.model.feed_forward.d_ff == 7);
  const std::string errors = errors_of(folder, gated(R"({"by": "parameters"})", R"(, "model.feed_forward.d_ff": 7})"));
  CHECK(errors.find("row 'swiglu' sets model.feed_forward.d_ff, which `match` solves for") != std::string::npos);
}

TEST_CASE("match: what is solved for is a whole number of the model", "[lab][match]") {
  const TemporaryFolder folder;
  const std::string errors = errors_of(folder, gated(R"({"by": "flops", "adjust": "model.feed_forward.dff"})", "}"));
  CHECK(errors.find("'model.feed_forward.dff' is no setting with a whole number") != std::string::npos);
  CHECK(errors.find("did you mean 'model.feed_forward.d_ff'") != std::string::npos);
  CHECK(errors_of(folder, gated(R"({"tolerance": 0.1})", "}")).find("match.by") != std::string::npos);
}

TEST_CASE("match: a setting that changes nothing is refused", "[lab][match]") {
  const TemporaryFolder folder;
  const Experiment experiment =
      load(folder, gated(R"({"by": "parameters", "adjust": "training.batch.tokens", "tolerance": 0.9})", "}"));
  CHECK_THROWS_MENTION(prepared(experiment, folder), "does not change what is to be equal");
}

TEST_CASE("match: a step time that was measured is found again", "[lab][match]") {
  const TemporaryFolder folder;
  const Experiment experiment = load(folder, gated(R"({"by": "step_time", "tolerance": 1e9})", R"(}, "match": false)"));
  const std::vector<PreparedRow> rows = prepared(experiment, folder);
  const double first = known_step_time_ratio(rows[1], rows[0], at::kCPU, folder / "runs");
  CHECK(first > 0);
  CHECK(known_step_time_ratio(rows[1], rows[0], at::kCPU, folder / "runs") == first);
  CHECK(known_step_time_ratio(rows[1], rows[0], std::nullopt, folder / "runs") == first);
  CHECK_THROWS_MENTION(known_step_time_ratio(rows[1], rows[0], std::nullopt, folder / "other"),
                       "measured when it is trained");
  const fs::path stored = fs::directory_iterator(folder / "runs" / "step_times")->path();
  CHECK(stored.extension() == ".json");
  // One measurement on each kind of device: nobody knows which the runs were made with.
  fs::copy(stored, fs::path(stored).replace_extension().replace_extension(".cuda.json"));
  CHECK_THROWS_MENTION(known_step_time_ratio(rows[1], rows[0], std::nullopt, folder / "runs"), "on cpu and on cuda");
  CHECK(known_step_time_ratio(rows[1], rows[0], at::kCPU, folder / "runs") == first);
}

namespace {

PreparedRow with_longest(const PreparedRow& row, std::int64_t tokens) {
  ExperimentRow changed = *row.row;
  changed.config.training.max_length = tokens;
  PreparedRow prepared = row;
  prepared.row = std::make_shared<const ExperimentRow>(std::move(changed));
  return prepared;
}

}  // namespace

TEST_CASE("FLOPs a token: the corpus's mean lengths, longer sentences than the model's apart", "[lab][match]") {
  const TemporaryFolder folder;
  const Experiment experiment = load(folder, gated(R"({"by": "flops"})", "}"));
  const PreparedRow row = prepared(experiment, folder).front();
  const data::Split& train = row.corpus->split("train");
  double sum = 0, pairs = 0;
  for (std::int64_t i = 0; i < train.size(); ++i) {
    const std::int64_t length = train.source_length(i) + 1;  // of both sides: it copies
    if (length > 7) continue;
    sum += static_cast<double>(length);
    ++pairs;
  }
  const SequenceLengths lengths = mean_lengths(with_longest(row, 7));
  CHECK(lengths.source == std::llround(sum / pairs));
  CHECK(lengths.target == lengths.source);
  CHECK(mean_lengths(row).source > lengths.source);
}
