// `training.initialize_from` as it is written in an experiment file, and how the weights are known; what comes of it is
// tested by the program itself.
#include "experiments/lab/starting_point.h"

#include <chrono>

#include "data/files/sha256.h"
#include "experiments/lab/hugging_face/imported_run.h"
#include "tests/data/support.h"
#include "tests/experiments/lab/experiment_file.h"
#include "tests/experiments/lab/hugging_face/golden.h"

using namespace ablate;

namespace {

/// What is wrong with these keys of `training.initialize_from`.
std::string start_errors(const std::string& keys) {
  const lab::testing::TemporaryFolder folder;
  return lab::testing::errors_of(folder,
                                 R"("rows": [{"name": "a", "set": {"training.initialize_from": {)" + keys + "}}}]");
}

}  // namespace

TEST_CASE("start: a renaming names a beginning on each side", "[lab][transfer]") {
  const std::optional<lab::Renaming> renaming = lab::parse_renaming(" decoder.layers.0. = encoder.layers.0");
  REQUIRE(renaming.has_value());
  CHECK(renaming->name == "decoder.layers.0");
  CHECK(renaming->from == "encoder.layers.0");
  CHECK(lab::parse_renaming("a=b").has_value());
  for (const char* text : {"decoder", "decoder =", "= encoder", "a = b = c", " . = b", ""}) {
    INFO(text);
    CHECK_FALSE(lab::parse_renaming(text).has_value());
  }
}

TEST_CASE("start: settings are read strictly", "[lab][transfer]") {
  CHECK(start_errors(R"("run": "runs/a", "take": ["encoder."], "leave": ["encoder.layers.1"],
                        "rename": ["decoder = encoder"], "strict": true)")
            .empty());
  CHECK(start_errors(R"("run": "a", "checkpoint": "average_last", "average": 2)").empty());
  const auto refused = [](const std::string& keys, const std::string& message) {
    const std::string errors = start_errors(keys);
    INFO(errors);
    CHECK(errors.find("training.initialize_from." + message) != std::string::npos);
  };
  refused(R"("take": ["encoder"])", "take: has no effect without 'run'");
  refused(R"("checkpoint": "last")", "checkpoint: has no effect without 'run'");
  refused(R"("run": "a", "average": 2)", "average: has no effect with checkpoint 'best'");
  refused(R"("run": "a", "checkpoint": "bets")", "checkpoint: unknown");
  refused(R"("run": "a", "take": ["encoder", "encoder"])", "take: 'encoder' stands there twice");
  refused(R"("run": "a", "leave": [" "])", "leave: an empty name");
  refused(R"("run": "a", "rename": ["decoder encoder"])", "rename: 'decoder encoder' is not of the form");
  refused(R"("run": "a", "rename": {"decoder": "encoder"})", "rename: expected a list");
  refused(R"("run": "a", "freeze": true)", "freeze: unknown key");
}

TEST_CASE("start: rows may begin from different runs, and are no trials of `tune`", "[lab][transfer]") {
  const lab::testing::TemporaryFolder folder;
  const lab::Experiment experiment =
      lab::testing::load(folder, R"("rows": [{"name": "drawn"}, {"set": {"training.initialize_from.run": "runs/a"}}])");
  CHECK(lab::testing::labels(experiment) == std::vector<std::string>{"drawn", "initialize_from.run=runs/a"});
  const std::string errors =
      lab::testing::errors_of(folder, R"("tune": {"grid": {"training.initialize_from.checkpoint": ["best", "last"]}},
                 "rows": [{"name": "a", "set": {"training.initialize_from.run": "runs/a"}}])");
  INFO(errors);
  CHECK(errors.find("training.initialize_from.checkpoint: what a row begins from is its own") != std::string::npos);
}

TEST_CASE("start: weights that have not changed are not read for their sum again", "[lab][transfer]") {
  const lab::testing::TemporaryFolder folder;
  const std::filesystem::path out = folder / "runs";
  lab::InitializeFromConfig settings;
  settings.run = "base";
  // What an experiment file in that folder begins from.
  const auto opened = [&](const std::string& name) { return lab::StartingPoints(folder / name, out).open(settings); };
  for (const char* name : {"gpt2_1", "t5_1"}) {
    ablate::testing::write_model(ablate::testing::read_golden(name), folder / name / "model");
    lab::hugging_face::import_model(folder / name / "model", folder / name / "base");
    const std::filesystem::path weights = opened(name)->files.front();
    std::filesystem::last_write_time(weights, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  }
  // Without a folder of runs none is made.
  CHECK_FALSE(std::filesystem::exists(out));
  std::filesystem::create_directory(out);
  const auto start = opened("gpt2_1");
  CHECK(start->content == data::sha256_file(start->files.front()));
  CHECK(opened("t5_1")->content != start->content);
  const std::vector<std::string> notes = data::testing::files_in(out / "starting_points");
  CHECK(notes.size() == 2);
  for (const std::string& name : notes) {
    Json note = Json::parse(data::testing::read_text(out / "starting_points" / name));
    note["sha256"] = "noted " + note.at("file").get<std::string>();
    folder.write("runs/starting_points/" + name, note.dump());
  }
  for (const char* name : {"gpt2_1", "t5_1"}) {
    const auto again = opened(name);
    CHECK(again->content == "noted " + std::filesystem::canonical(again->files.front()).string());
  }
  std::ofstream(start->files.front(), std::ios::app) << "more";
  CHECK(opened("gpt2_1")->content == data::sha256_file(start->files.front()));
}
