#include "experiments/lab/run_folder.h"

#include <nlohmann/json.hpp>

#include "experiments/lab/identity.h"
#include "tests/data/support.h"
#include "tests/experiments/lab/experiment_file.h"
#include "transformer/core/error.h"

namespace fs = std::filesystem;
using namespace ablate;
using namespace ablate::lab;
using namespace ablate::lab::testing;
using data::testing::files_in;
using data::testing::read_text;

namespace {

/// An experiment of one row, its data prepared.
class Prepared {
 public:
  Prepared(const TemporaryFolder& folder, const std::string& name, const std::string& model)
      : experiment_(load(folder, R"("rows": [{"name": ")" + name + R"("}], "model": )" + model + R"(,
          "data": {"kind": "task", "task": {"kind": "copy", "train": 20, "dev": 5, "test": 5,
                                            "min_length": 3}})")),
        rows_(prepare(experiment_, experiment_.select({}), folder / "runs", [](const std::string&) {})) {}
  const PreparedRow& row() const { return rows_.front(); }

 private:
  Experiment experiment_;
  std::vector<PreparedRow> rows_;
};

constexpr const char* small = R"({"d_model": 8, "attention": {"heads": 2}})";
constexpr const char* large = R"({"d_model": 16, "attention": {"heads": 2}})";

}  // namespace

TEST_CASE("run folder: named by label, seed and hash, whatever the label holds", "[lab]") {
  const TemporaryFolder folder;
  const Prepared prepared(folder, "../RMS & Norm, n=2 ", small);
  const PreparedRow& row = prepared.row();
  const RunFolder run(folder / "runs", row, 3);
  CHECK(run.hash() == run_hash(row.row->config, row.corpus->content_hash(), 3));
  CHECK(run.path() == folder / "runs" / ("rms-norm-n-2.s3." + run.hash()));
  CHECK_FALSE(run.exists());
  CHECK_FALSE(fs::exists(run.path()));
  CHECK(RunFolder(folder / "runs", row, 4).hash() != run.hash());
}

TEST_CASE("run folder: opening it stores configuration and tokenizer", "[lab]") {
  const TemporaryFolder folder;
  const Prepared prepared(folder, "a", small);
  RunFolder run(folder / "runs", prepared.row(), 3);
  run.open(prepared.row(), 3);
  CHECK(files_in(run.path()) == std::vector<std::string>{"config.json", "lock", "tokenizer.vocab.json"});
  CHECK(run.exists());
  const Json config = run.config();
  CHECK(config["hash"] == run.hash());
  CHECK(config["seed"] == 3);
  CHECK(config["label"] == "a");
  CHECK(config["config"]["model"]["d_model"] == 8);
  CHECK(run.result() == Json::object());
  CHECK(RunFolder(run.path()).hash() == run.hash());
}

TEST_CASE("run folder: the same run under another label is found again", "[lab]") {
  const TemporaryFolder folder;
  const Prepared first(folder, "first", small);
  RunFolder(folder / "runs", first.row(), 1).open(first.row(), 1);
  const Prepared second(folder, "second", small);
  CHECK(RunFolder(folder / "runs", second.row(), 1).path().filename().string().starts_with("first.s1."));
  const Prepared other(folder, "second", large);
  CHECK(RunFolder(folder / "runs", other.row(), 1).path().filename().string().starts_with("second.s1."));
}

TEST_CASE("run folder: one process at a time", "[lab]") {
  const TemporaryFolder folder;
  const Prepared prepared(folder, "a", small);
  {
    RunFolder run(folder / "runs", prepared.row(), 1);
    run.open(prepared.row(), 1);
    RunFolder again(folder / "runs", prepared.row(), 1);
    CHECK_THROWS_MENTION(again.open(prepared.row(), 1), "another process is training");
    RunFolder other_seed(folder / "runs", prepared.row(), 2);
    other_seed.open(prepared.row(), 2);
  }
  RunFolder(folder / "runs", prepared.row(), 1).open(prepared.row(), 1);
}

TEST_CASE("run folder: a run of another configuration is refused", "[lab]") {
  const TemporaryFolder folder;
  const Prepared mine(folder, "mine", small);
  const Prepared other(folder, "other", large);
  RunFolder run(folder / "runs", mine.row(), 1);
  run.open(mine.row(), 1);
  fs::path other_path;
  {
    RunFolder foreign(folder / "runs", other.row(), 1);
    foreign.open(other.row(), 1);
    other_path = foreign.path();
  }
  fs::copy_file(other_path / "config.json", run.path() / "config.json", fs::copy_options::overwrite_existing);
  const auto use = [&] { RunFolder(folder / "runs", mine.row(), 1); };
  CHECK_THROWS_AS(use(), UserError);
  CHECK_THROWS_MENTION(use(), "holds a run of another configuration");
  CHECK_THROWS_MENTION(use(), run.path().string());
}

TEST_CASE("run folder: what a killed process left half-written goes away", "[lab]") {
  const TemporaryFolder folder;
  const Prepared prepared(folder, "a", small);
  RunFolder run(folder / "runs", prepared.row(), 1);
  fs::create_directories(run.path());
  std::ofstream(run.path() / ".state.safetensors.tmp-123-0") << "half";
  run.open(prepared.row(), 1);
  CHECK(files_in(run.path()) == std::vector<std::string>{"config.json", "lock", "tokenizer.vocab.json"});
  run.remove();
  CHECK_FALSE(fs::exists(run.path()));
}

TEST_CASE("run folder: results, and what they say of a run", "[lab]") {
  const TemporaryFolder folder;
  const Prepared prepared(folder, "a", small);
  RunFolder run(folder / "runs", prepared.row(), 1);
  run.open(prepared.row(), 1);
  run.write_result({{"status", "finished"}});
  CHECK(run.result() == Json{{"status", "finished"}});
  std::ofstream(run.path() / "result.json") << "{\"status\": ";
  CHECK_THROWS_AS(run.result(), UserError);
  CHECK_THROWS_MENTION(run.result(), "result.json");

  CHECK(state_of(Json::object(), false) == RunState::absent);
  CHECK(state_of(Json::object(), true) == RunState::unfinished);
  CHECK(state_of({{"status", "finished"}}, true) == RunState::finished);
  CHECK(state_of({{"status", "diverged"}}, true) == RunState::diverged);
}

TEST_CASE("run folder: a folder that holds no run", "[lab]") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(RunFolder(folder.path()), UserError);
  CHECK_THROWS_MENTION(RunFolder(folder.path()), "no config.json");
}
