// Rows that choose their own settings on dev, and figures by length: on runs of the real program.
#include "tests/experiments/cli/tiny_experiment.h"

namespace fs = std::filesystem;
using namespace ablate;
using namespace ablate::testing;

namespace {

/// At the first rate nothing is learnt; the trials of the second are the runs with seed 1.
Json tuned_experiment(const Json& patch = Json::object()) {
  Json json = tiny_experiment({{"tune", {{"grid", {{"training.schedule.learning_rate", {1e-9, 5e-3}}}}}}});
  json.merge_patch(patch);
  return json;
}

Json table_of(const TemporaryFolder& folder, const std::string& out = "runs") {
  const Outcome table = run_program(folder, {"table", "experiment.json", "--out", out, "--format", "json"});
  CHECK_STATUS(table, 0);
  return Json::parse(table.out);
}

}  // namespace

TEST_CASE("tune: every row is trained with the values that its trials on dev gave", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, tuned_experiment());
  const Outcome before = run_program(folder, {"table", "experiment.json"});
  CHECK_STATUS(before, 0);
  CHECK(has(before.out, "not tuned yet: position=rotary, sinusoidal"));

  const Outcome dry = run_program(folder, {"run", "experiment.json", "--dry-run"});
  CHECK_STATUS(dry, 0);
  CHECK(has(dry.out, "4 runs: 4 to train"));
  CHECK(has(dry.out, "4 runs: 4 to tune first"));

  const Outcome outcome = run_program(folder, run_arguments());
  CHECK_STATUS(outcome, 0);
  CHECK(has(outcome.messages, "4 runs: 2 to evaluate, 2 to train"));
  CHECK(has(outcome.out, "| tuned schedule.learning_rate |"));
  CHECK(has(outcome.out, "schedule.learning_rate: 1e-9, 0.005: 4 runs, "));
  CHECK_FALSE(has(outcome.out, "Best at an edge of the grid"));  // of two values each is at one
  CHECK(has(outcome.out, "**Tuning: dev nll of seed 1**"));
  CHECK(run_folders(folder).size() == 6);
  const Json table = table_of(folder);
  CHECK(table["tuning"]["rows"].size() == 2);
  for (const Json& row : table["rows"]) {
    CHECK(row["cells"]["tuned:training.schedule.learning_rate"]["text"] == "0.005");
  }
  // A trial looks at dev alone.
  for (const fs::path& run : run_folders(folder)) {
    const Json splits = result_of(run)["decodings"].front()["splits"];
    const Json config = Json::parse(data::testing::read_text(run / "config.json"))["config"];
    const bool is_rejected = config["training"]["schedule"]["learning_rate"] == 1e-9;
    CHECK(splits.contains("test") == !is_rejected);
  }
  const Outcome again = run_program(folder, run_arguments());
  CHECK_STATUS(again, 0);
  CHECK(has(again.messages, "4 runs: 4 finished"));
  CHECK_FALSE(has(again.messages, "to train"));
}

TEST_CASE("tune: in processes of their own the trials and the rows come out the same", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, tuned_experiment());
  CHECK_STATUS(run_program(folder, run_arguments({"--out", "one"})), 0);
  CHECK_STATUS(run_program(folder, run_arguments({"--out", "two", "--jobs", "2"})), 0);
  const Json one = table_of(folder, "one"), two = table_of(folder, "two");
  for (std::size_t i = 0; i < 2; ++i) {
    for (const char* column : {"exact_match@test", "perplexity@dev", "tuned:training.schedule.learning_rate"}) {
      CHECK(one["rows"][i]["cells"][column] == two["rows"][i]["cells"][column]);
    }
  }
}

TEST_CASE("tune: a row that others have yet to tune waits, and --fresh deletes the trials too", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, tuned_experiment());
  // The first shard has the trials at the rate that learns nothing, the second the others.
  const Outcome first = run_program(folder, run_arguments({"--shard", "1/2"}));
  CHECK_STATUS(first, 0);
  CHECK(run_folders(folder).size() == 2);
  CHECK(has(first.messages, "some rows have trials that are not finished"));
  const Outcome second = run_program(folder, run_arguments({"--shard", "2/2"}));
  CHECK_STATUS(second, 0);
  CHECK_STATUS(run_program(folder, run_arguments({"--shard", "1/2"})), 0);
  CHECK(run_folders(folder).size() == 6);
  const std::map<std::string, std::int64_t> before = times(folder / "runs");
  const Outcome fresh = run_program(folder, run_arguments({"--fresh"}));
  CHECK_STATUS(fresh, 0);
  CHECK(has(fresh.messages, "4 runs: 4 to train"));
  CHECK(run_folders(folder).size() == 6);
}

TEST_CASE("tune: trials with a budget of their own, rows that keep their settings, and the report", "[cli][slow]") {
  const TemporaryFolder folder;
  Json json = tuned_experiment({{"seeds", {1}}, {"tune", {{"seed", 7}, {"set", {{"training.budget.steps", 15}}}}}});
  json["rows"][1] = {{"name", "kept"},
                     {"tune", false},
                     {"set", {{"model.position.kind", "rotary"}, {"training.schedule.learning_rate", 1e-3}}}};
  json["tune"]["grid"]["training.schedule.learning_rate"] = {1e-9, 1e-8, 5e-3};
  write_experiment(folder, json);
  const Outcome outcome = run_program(folder, run_arguments());
  CHECK_STATUS(outcome, 0);
  CHECK(has(outcome.out,
            "Best at an edge of the grid, so that a better value may lie beyond: "
            "schedule.learning_rate (sinusoidal)"));
  CHECK(has(outcome.out, "0.001 (not tuned)"));
  const Outcome described = run_program(folder, {"describe", "experiment.json"});
  CHECK(has(described.out, "chosen by `tune`: schedule.learning_rate=0.005"));
  CHECK(has(outcome.out, "with budget.steps=15"));
  CHECK(run_folders(folder).size() == 5);  // three trials of 15 updates, two runs of 30
  const Outcome report = run_program(folder, {"report", "experiment.json", "--json"});
  CHECK_STATUS(report, 0);
  const Json data = Json::parse(report.out);
  REQUIRE(data["tuning"].size() == 1);
  CHECK(data["tuning"][0]["columns"] == Json::parse(R"(["sinusoidal"])"));
  CHECK(data["tuning"][0]["cells"][0][0]["mean"] > data["tuning"][0]["cells"][2][0]["mean"]);
}

TEST_CASE("lengths: parts of a split add up to it, and training sees the short pairs alone", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(
      folder,
      tiny_experiment({{"seeds", {1}},
                       {"training", {{"max_length", 5}}},
                       {"evaluation", {{"lengths", {5, 7}}, {"splits", {"dev", "test"}}, {"checkpoint", "best"}}},
                       {"table",
                        {{"metrics", {"exact_match@test[1-5]", "exact_match@test[6-7]", "nll"}},
                         {"significance", {{"kind", "paired_bootstrap"}}}}}}));
  const Outcome outcome = run_program(folder, run_arguments());
  CHECK_STATUS(outcome, 0);
  CHECK(has(outcome.messages, "training sentences are longer than training.max_length and are skipped"));
  CHECK(has(outcome.out, "test, 1-5 tokens Exact match"));
  CHECK(has(outcome.out, "- test, 1-5 tokens: "));
  const fs::path run = run_folders(folder).front();
  const Json whole = measured(run, "test"), low = measured(run, "test[1-5]"), high = measured(run, "test[6-7]");
  for (const char* count : {"tokens", "sentences", "words"}) {
    CHECK(low[count].get<int>() + high[count].get<int>() == whole[count].get<int>());
  }
  CHECK(low["nll_sum"].get<double>() + high["nll_sum"].get<double>() ==
        Approx(whole["nll_sum"].get<double>()).epsilon(1e-6));
  const auto right = [](const Json& entry) {
    return entry["scores"]["exact_match"]["value"].get<double>() * entry["sentences"].get<double>();
  };
  CHECK(right(low) + right(high) == Approx(right(whole)).epsilon(1e-9));
  // Dev chooses by what training sees.
  CHECK(measured(run, "dev[1-5]")["nll"].get<double>() ==
        Approx(result_of(run)["training"]["best"][0]["dev_nll"].get<double>()).epsilon(1e-6));
  CHECK(result_of(run)["training"]["skipped_sentences"] > 0);
  const Outcome again = run_program(folder, run_arguments());
  CHECK(has(again.messages, "2 runs: 2 finished"));
}

TEST_CASE("lengths: a part without a pair is an error before training", "[cli]") {
  const TemporaryFolder folder;
  write_experiment(folder, tiny_experiment({{"evaluation", {{"lengths", {7, 12}}}}}));
  const Outcome outcome = run_program(folder, run_arguments());
  CHECK_STATUS(outcome, 2);
  CHECK(has(outcome.messages, "evaluation.lengths: no pair of 'test' has 8 to 12 tokens; its longest has 7"));
}
