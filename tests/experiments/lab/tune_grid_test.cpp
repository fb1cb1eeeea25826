#include "experiments/lab/tune_grid.h"

#include "tests/experiments/lab/experiment_file.h"

using namespace ablate;
using namespace ablate::lab;
using namespace ablate::lab::testing;

namespace {

std::string tune_error(const std::string& keys) {
  const TemporaryFolder folder;
  return errors_of(folder, keys);
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("tune: points of the grid, the last axis turning fastest", "[lab][tune]") {
  TuneConfig config;
  CHECK(tune_points(config).empty());
  config.grid =
      Json::parse(R"({"training.schedule.learning_rate": [0.001, 0.002], "training.schedule.warmup": [1, 50]})");
  const std::vector<TunePoint> points = tune_points(config);
  REQUIRE(points.size() == 4);
  CHECK(point_text(points[0]) == "schedule.learning_rate=0.001, schedule.warmup=1");
  CHECK(point_text(points[1]) == "schedule.learning_rate=0.001, schedule.warmup=50");
  CHECK(point_text(points[3]) == "schedule.learning_rate=0.002, schedule.warmup=50");
  CHECK(settings_of(points[1]) ==
        Json::parse(R"({"training.schedule.learning_rate": 0.001, "training.schedule.warmup": 50})"));
}

TEST_CASE("tune: what cannot be tried is found when the file is read", "[lab][tune]") {
  CHECK(tune_error(R"("tune": {"grid": {"model.dropout": [0.1, 0.2]}})").empty());
  CHECK(says(tune_error(R"("tune": {"grid": {"training.schedule.learning_rat": [0.1]}})"),
             "did you mean 'learning_rate'?"));
  CHECK(says(tune_error(R"("tune": {"grid": {"training.schedule.learning_rate": 0.1}})"),
             "tune.grid: expected an object of paths, each with a list of values"));
  CHECK(says(tune_error(R"("tune": {"grid": {"model.dropout": [0.1, 1.5]}})"), "model.dropout"));
  CHECK(says(tune_error(R"("tune": {"seed": 3})"), "has no effect without tune.grid"));
  CHECK(says(tune_error(R"("tune": {"grid": {"model.dropout": [0.1]}, "set": {"training.budget.stepz": 3}})"),
             "did you mean 'steps'?"));
  CHECK(says(tune_error(R"("tune": {"grid": {"model.dropout": [0.1]}},
                               "rows": [{"name": "a"}, {"name": "b", "set": {"model.dropout": 0.2}}])"),
             "row 'b' sets model.dropout, which `tune` chooses"));
  CHECK(tune_error(R"("tune": {"grid": {"model.dropout": [0.1]}},
                      "rows": [{"name": "a"}, {"name": "b", "tune": false, "set": {"model.dropout": 0.2}}])")
            .empty());
  CHECK(says(tune_error(R"("tune": {"grid": {"model.feed_forward.d_ff": [32, 64]}}, "match": {"by": "parameters"},
                               "rows": [{"name": "a"}, {"name": "b", "set": {"model.norm.kind": "rms_norm"}}])"),
             "model.feed_forward.d_ff changes what `match` makes equal"));
}

TEST_CASE("tune: axes that tell nothing of a row are refused", "[lab][tune]") {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& grid, const std::string& more = "", const std::string& keys = "") {
    return errors_of(folder, R"("tune": {"grid": {)" + grid + "}" + more + "}" + keys);
  };
  CHECK(says(error(R"("decoding.kind": ["greedy", "beam"])"), "on the same dev pairs"));
  CHECK(says(error(R"("data.task.train": [10, 20])"), "on the same dev pairs"));
  CHECK(says(error(R"("training.max_length": [10, 20])"), "on the same dev pairs"));
  CHECK(says(error(R"("training.budget.steps": [10, 20])"), "rows are given one budget"));
  CHECK(says(error(R"("model.dropout": [0.1, 0.1])"), "'dropout=0.1' and 'dropout=0.1' are the same run"));
  CHECK(says(error(R"("model.dropout": [0.1, 0.2])", R"(, "set": {"model": {"dropout": 0.3}})"),
             "sets model.dropout, an axis of tune.grid"));
  CHECK(says(error(R"("model.dropout": [0.1, 0.2])", R"(, "set": {"data.task.train": 3})"), "on the same dev pairs"));
  CHECK(says(error(R"("model.d_model": [64, 128])", "", R"(, "match": {"by": "parameters"})"),
             "changes what `match` makes equal"));
  const std::string text = R"("tune": {"grid": {"model.dropout": [0.1, 0.2]}})";
  CHECK(says(errors_of(folder, text, {"model.dropout=0.3"}), "--set: model.dropout is what `tune` chooses"));
  // What tuning brings is a question for two rows.
  CHECK(errors_of(folder, text + R"(, "rows": [{"name": "tuned"}, {"name": "as it is", "tune": false}])").empty());
}

TEST_CASE("evaluation.lengths and training.max_length stay within the model's", "[lab]") {
  CHECK(says(tune_error(R"("model": {"max_length": 64}, "evaluation": {"lengths": [32, 128]})"),
             "longer pairs than model.max_length, 64, are cut"));
  CHECK(says(tune_error(R"("evaluation": {"lengths": [32, 32]})"), "must grow"));
  const TemporaryFolder folder;
  CHECK(says(errors_of(folder, R"("model": {"max_length": 64})", {"training.max_length=65"}),
             "65 is more than model.max_length, 64"));
}
