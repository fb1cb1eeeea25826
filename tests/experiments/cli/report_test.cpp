// A trained experiment looked at: report, inspect, compare, and the grid of a stability experiment.
#include "tests/experiments/cli/tiny_experiment.h"

namespace fs = std::filesystem;
using namespace ablate;
using namespace ablate::testing;

namespace {

/// A grid of two axes with a rate at which nothing is learnt.
Json stability_experiment() {
  Json json = tiny_experiment({{"seeds", {1}}});
  json.erase("rows");
  json.erase("baseline");
  json["grid"] = {{"model.residual.kind", {"pre_norm", "post_norm"}},
                  {"training.schedule.learning_rate", {2e-3, 1e-9}}};
  json["evaluation"] = {{"metrics", Json::array()}, {"splits", {"dev"}}};
  json["table"] = {
      {"metrics", {"nll@dev"}},
      {"stability", {{"figure", "nll@dev"}, {"across", "training.schedule.learning_rate"}, {"diverged_beyond", 2.6}}}};
  return json;
}

}  // namespace

TEST_CASE("report: everything that is known of an experiment, as data and as a page", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, tiny_experiment());
  CHECK_STATUS(run_program(folder, run_arguments({"--seeds", "1"})), 0);
  const Outcome printed = run_program(folder, {"report", "experiment.json", "--json", "--attention", "3"});
  CHECK_STATUS(printed, 0);
  const Json data = Json::parse(printed.out);
  CHECK(data["title"] == "Tiny");
  CHECK(data["figure"] == data["table"]["columns"][0]["key"]);
  REQUIRE(data["rows"].size() == 2);
  for (const Json& row : data["rows"]) {
    CHECK(row["parameters"] > 1000);
    CHECK(row["flops_per_token"] > 1000);
    CHECK(row["loss_name"] == "nll");
    CHECK(row["loss_unit"] == "target token");
    REQUIRE(row["runs"].size() == 2);  // the file asks for two seeds
    CHECK(row["runs"][0]["state"] == "finished");
    CHECK(row["runs"][1]["state"] == "missing");
    CHECK(row["runs"][0]["peak_memory_bytes"] > 0);
    CHECK(row["runs"][0]["log"]["step"] == Json::parse("[10.0, 20.0, 30.0]"));
    CHECK(row["runs"][0]["evaluations"]["dev_nll"].size() == 2);
  }
  CHECK(data["rows"][1]["changes"][0]["path"] == "model.position.kind");
  REQUIRE(data["samples"].size() == 20);
  CHECK(data["samples"][0]["source"] == data["samples"][0]["reference"]);  // the task is to copy
  CHECK(data["samples"][0]["outputs"].size() == 2);
  REQUIRE(data["lengths"].size() == 1);
  double sentences = 0;
  for (const Json& count : data["lengths"][0]["sentences"]) sentences += count.get<double>();
  CHECK(sentences == 20);
  REQUIRE(data["attention"].size() == 2);
  REQUIRE(data["attention"][0]["maps"].size() == 3);  // a layer each of encoder, decoder and cross
  for (const Json& map : data["attention"][0]["maps"]) {
    REQUIRE(map["heads"].size() == 2);
    CHECK(map["heads"][0].size() == map["queries"].size());
    for (const Json& row : map["heads"][0]) {
      double sum = 0;
      for (const Json& weight : row) sum += weight.get<double>();
      CHECK(sum == Approx(1).margin(0.01));
      CHECK(row.size() == map["keys"].size());
    }
  }
  CHECK(data["reproduce"]["files"].size() == 1);

  folder.write("charts.js", "var Plotly = {};");
  CHECK_STATUS(run_program(folder, {"report", "experiment.json", "--charts", "charts.js"}), 0);
  CHECK(has(data::testing::read_text(folder / "experiment.html"), "var Plotly = {};"));
  const Outcome refused = run_program(folder, {"report", "experiment.json", "--json", "--attention", "20"});
  CHECK_STATUS(refused, 2);
  CHECK(has(refused.messages, "there is no sentence 20"));
}

TEST_CASE("table: a failure of other decodings does not hide what is measured", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, tiny_experiment({{"seeds", {1}}, {"rows", {{{"name", "sinusoidal"}}}}}));
  const Outcome before = run_program(folder, run_arguments());
  CHECK_STATUS(before, 0);
  const fs::path run = run_folders(folder).at(0);
  // Another experiment wants other outputs of the same weights, and they are gone.
  const std::string weights = data::testing::read_text(run / "step_00000030.safetensors");
  fs::remove(run / "step_00000030.safetensors");
  CHECK_STATUS(run_program(folder, run_arguments({"--set", "decoding.min_length=1"})), 1);
  REQUIRE(fs::exists(run / "failure.json"));
  const Outcome after = run_program(folder, {"table", "experiment.json"});
  CHECK_STATUS(after, 0);
  CHECK(after.out == before.out);
  const Outcome report = run_program(folder, {"report", "experiment.json", "--json"});
  CHECK_STATUS(report, 0);
  CHECK(Json::parse(report.out)["rows"][0]["runs"][0]["state"] == "finished");
  CHECK(Json::parse(report.out)["attention"].empty());  // without weights there is none
}

TEST_CASE("inspect and compare: single runs in the terminal", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, tiny_experiment());
  CHECK_STATUS(run_program(folder, run_arguments({"--seeds", "1"})), 0);
  const auto runs = run_folders(folder);
  REQUIRE(runs.size() == 2);
  const Outcome one = run_program(folder, {"inspect", runs[0].string(), "--samples", "2", "--sentence", "1 2 3"});
  CHECK_STATUS(one, 0);
  for (const char* part :
       {"best: update", "dev nll over updates", "reference  ", "output  ", "cross attention, layer 1"}) {
    INFO(part);
    CHECK(has(one.out, part));
  }
  const Outcome both = run_program(folder, {"compare", runs[0].string(), runs[1].string()});
  CHECK_STATUS(both, 0);
  CHECK(has(both.out, "model.position.kind"));
  CHECK(has(both.out, "\"rotary\""));
  CHECK(has(both.out, "test Exact match"));
  CHECK_STATUS(run_program(folder, {"compare", runs[0].string()}), 2);
  CHECK_STATUS(run_program(folder, {"compare", runs[0].string(), runs[0].string()}), 2);
}

TEST_CASE("stability: the grid behind the table, with the points that learn nothing", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, stability_experiment());
  const Outcome trained = run_program(folder, run_arguments());
  CHECK_STATUS(trained, 0);
  const std::string grid = trained.out.substr(trained.out.find("dev NLL (nats/token)**"));
  CHECK(has(grid, "residual"));
  CHECK(has(grid, "schedule.learning_rate 0.002"));
  CHECK(std::ranges::count(grid, '\n') > 5);
  CHECK(has(grid, "diverged"));
  CHECK(has(grid, "Called diverged: not finite, or worse than 2.6"));
  CHECK_FALSE(has(trained.out.substr(0, trained.out.find("dev NLL (nats/token)**")), "diverged"));
  Json wrong = stability_experiment();
  wrong["table"]["stability"]["across"] = "training.schedule.warmup";
  write_experiment(folder, wrong);
  const Outcome refused = run_program(folder, run_arguments());
  CHECK_STATUS(refused, 2);
  CHECK(has(refused.messages, "'training.schedule.warmup' is no axis of the grid"));
}
