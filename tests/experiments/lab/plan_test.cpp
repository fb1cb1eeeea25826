#include "experiments/lab/plan.h"

#include <algorithm>
#include <fstream>

#include <nlohmann/json.hpp>

#include "experiments/lab/identity.h"
#include "tests/experiments/lab/experiment_file.h"
#include "transformer/core/error.h"

namespace fs = std::filesystem;
using namespace ablate;
using namespace ablate::lab;
using namespace ablate::lab::testing;

namespace {

constexpr const char* base = R"("model": {"d_model": 8, "attention": {"heads": 2}},
    "data": {"kind": "task", "task": {"kind": "copy", "train": 20, "dev": 5, "test": 5, "min_length": 3}})";
constexpr const char* two_rows =
    R"("rows": [{"name": "a"}, {"name": "b", "set": {"model.position.kind": "rotary"}}], )";

class PreparedRows {
 public:
  PreparedRows(const TemporaryFolder& folder, const std::string& keys, const std::vector<std::string>& settings = {})
      : experiment_(load(folder, keys + base, settings)),
        rows_(prepare(experiment_, experiment_.select({}), folder / "runs", at::kCPU, [](const std::string&) {})) {}
  const std::vector<PreparedRow>& rows() const { return rows_; }

 private:
  Experiment experiment_;
  std::vector<PreparedRow> rows_;
};

/// A result to which nothing is missing but what the row asks for.
Json trained(const std::string& status) {
  return {{"status", status},
          {"environment", Json::object()},
          {"decodings", Json::object()},
          {"training",
           {{"reason", "steps"},
            {"parameters", 1},
            {"tokens_per_second", 1.5},
            {"seconds", 7},
            {"last", Json::array()},
            {"best", Json::array()}}}};
}

fs::path begin(const TemporaryFolder& folder, const PreparedRow& row, std::int64_t seed) {
  RunFolder run(folder / "runs", row, seed);
  run.open(row, seed);
  return run.path();
}

/// Whether each of the runs needs what is expected of it.
bool needs(const Plan& plan, const std::vector<Need>& expected) {
  return std::ranges::equal(plan.runs, expected, {}, &PlannedRun::need);
}

}  // namespace

TEST_CASE("plan: what lies in the folder decides what there is to do", "[lab]") {
  const TemporaryFolder folder;
  const PreparedRows prepared(folder, two_rows);
  const PreparedRow &a = prepared.rows()[0], &b = prepared.rows()[1];
  const auto plan = [&] { return make_plan(prepared.rows(), {1, 2, 3}, folder / "runs"); };
  CHECK(needs(plan(), std::vector<Need>(6, Need::all)));
  CHECK(summary_of(plan().runs) == "6 runs: 6 to train");
  CHECK(plan().runs[1].name() == "b, seed 1");
  CHECK(plan().runs[2].name() == "a, seed 2");

  std::ofstream(begin(folder, a, 1) / "state.safetensors") << "";
  begin(folder, b, 1);  // nothing was saved
  begin(folder, a, 2);
  RunFolder(folder / "runs", a, 2).write_result(trained("diverged"));
  begin(folder, b, 2);
  RunFolder(folder / "runs", b, 2).write_result(trained("finished"));
  write_failure(begin(folder, a, 3), {"killed", FailureKind::killed});
  CHECK(needs(plan(), {Need::rest, Need::all, Need::diverged, Need::evaluation, Need::another_attempt, Need::all}));
  CHECK(summary_of(plan().runs) ==
        "6 runs: 1 diverged, 1 to evaluate, 1 goes on, 1 that failed is tried again, 2 to train");
  CHECK(plan().runs[2].is_done());
  CHECK(plan().changed.empty());
}

TEST_CASE("plan: a row that was changed since it was trained is told with its changes", "[lab]") {
  const TemporaryFolder folder;
  {
    const PreparedRows before(folder, two_rows);
    for (const std::int64_t seed : {1, 2}) begin(folder, before.rows()[0], seed);
    begin(folder, before.rows()[1], 1);
  }
  const PreparedRows same(folder, two_rows, {"training.log_every=7", "evaluation.batch_tokens=64"});
  CHECK(make_plan(same.rows(), {1, 2}, folder / "runs").changed.empty());

  const PreparedRows after(folder, two_rows, {"training.budget.steps=20"});
  const Plan plan = make_plan(after.rows(), {1, 2}, folder / "runs");
  CHECK(needs(plan, std::vector<Need>(4, Need::all)));
  REQUIRE(plan.changed.size() == 2);
  CHECK(plan.changed[0].label == "a");
  REQUIRE(plan.changed[0].changes.size() == 1);
  CHECK(plan.changed[0].changes[0].path == "training.budget.steps");
  CHECK(plan.changed[0].old_folders.size() == 2);
  CHECK(plan.changed[1].old_folders.size() == 1);
  const std::string text = describe(plan.changed[0]);
  CHECK(
      text.starts_with("row 'a' is not as it was last trained here (training.budget.steps: 10 -> 20): "
                       "2 runs are to be trained; the old ones stay in "));
  CHECK(text.find((folder / "runs" / "a.s1.").string()) != std::string::npos);
  CHECK(describe(plan.changed[1]).find("1 run is to be trained; the old one stays in ") != std::string::npos);
}

TEST_CASE("plan: other data is told too, and folders of other labels are no concern", "[lab]") {
  const TemporaryFolder folder;
  {
    const PreparedRows before(folder, R"("rows": [{"name": "a"}, {"name": "A!", "set": {"model.dropout": 0.3}}], )",
                              {"model.d_model=16"});
    for (const PreparedRow& row : before.rows()) begin(folder, row, 1);
  }
  fs::create_directories(folder / "runs" / "a.s1.nothing");
  const PreparedRows after(folder, R"("rows": [{"name": "a"}], )", {"model.d_model=16", "data.task.train=21"});
  const Plan plan = make_plan(after.rows(), {1}, folder / "runs");
  REQUIRE(plan.changed.size() == 1);
  CHECK(plan.changed[0].old_folders.size() == 1);
  CHECK_FALSE(plan.changed[0].same_data);
  CHECK(describe(plan.changed[0]).find("data.task.train: 20 -> 21") != std::string::npos);
}

TEST_CASE("plan: shards are numbered from 1", "[lab]") {
  CHECK(parse_shard("1/1").of == 1);
  CHECK(parse_shard("3/8").number == 3);
  CHECK(parse_shard("8/8").number == 8);
  for (const char* wrong : {"", "/", "1", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "a/b", "1.5/4", "/4", "1/"}) {
    INFO(wrong);
    CHECK_THROWS_AS(parse_shard(wrong), UserError);
    CHECK_THROWS_MENTION(parse_shard(wrong), "--shard");
  }
}

TEST_CASE("plan: every run belongs to one shard, whatever is finished", "[lab]") {
  std::vector<PlannedRun> runs;
  for (const char* hash : {"a", "b", "c", "a", "d", "e"}) runs.push_back({nullptr, 1, Need::all, hash});
  std::vector<int> owners(runs.size(), 0);
  for (const std::int64_t number : {1, 2, 3}) {
    const std::vector<bool> mine = share_of({number, 3}, runs);
    runs[static_cast<std::size_t>(number)].need = Need::finished;
    for (std::size_t i = 0; i < runs.size(); ++i) owners[i] += mine[i] ? 1 << (4 * (number - 1)) : 0;
  }
  // Two runs in one folder go together.
  CHECK(owners == std::vector<int>{1, 16, 256, 1, 1, 16});
}
