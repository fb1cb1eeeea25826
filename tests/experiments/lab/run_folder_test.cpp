#include "experiments/lab/run_folder.h"

#include <unistd.h>

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
        rows_(prepare(experiment_, experiment_.select({}), folder / "runs", at::kCPU, [](const std::string&) {})) {}
  const PreparedRow& row() const { return rows_.front(); }

 private:
  Experiment experiment_;
  std::vector<PreparedRow> rows_;
};

/// What every result has, and no more.
Json sound_result() {
  return Json::parse(R"({"status": "finished", "environment": {}, "decodings": {},
      "training": {"reason": "steps", "parameters": 1, "tokens_per_second": 1.5, "last": [], "best": []}})");
}

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
  CHECK(files_in(run.path()) == std::vector<std::string>{"config.json", "lock", "owner.json", "tokenizer.vocab.json"});
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
    CHECK_THROWS_MENTION(again.open(prepared.row(), 1), "another process is training this run (");
    CHECK_THROWS_MENTION(again.open(prepared.row(), 1), ", process " + std::to_string(::getpid()));
    CHECK(again.try_lock() == LeaseAnswer::busy);
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
  CHECK(files_in(run.path()) == std::vector<std::string>{"config.json", "lock", "owner.json", "tokenizer.vocab.json"});
  run.remove();
  CHECK_FALSE(fs::exists(run.path()));
}

TEST_CASE("run folder: results, and what they say of a run", "[lab]") {
  const TemporaryFolder folder;
  const Prepared prepared(folder, "a", small);
  RunFolder run(folder / "runs", prepared.row(), 1);
  run.open(prepared.row(), 1);
  run.write_result(sound_result());
  CHECK(run.result() == sound_result());
  std::ofstream(run.path() / "result.json") << "{\"status\": ";
  CHECK_THROWS_AS(run.result(), UserError);
  CHECK_THROWS_MENTION(run.result(), "result.json");

  CHECK(state_of(Json::object(), false) == RunState::absent);
  CHECK(state_of(Json::object(), true) == RunState::unfinished);
  CHECK(state_of({{"status", "finished"}}, true) == RunState::finished);
  CHECK(state_of({{"status", "diverged"}}, true) == RunState::diverged);
}

TEST_CASE("run folder: a failure stands there until it is cleared", "[lab]") {
  const TemporaryFolder folder;
  const Prepared prepared(folder, "a", small);
  RunFolder run(folder / "runs", prepared.row(), 1);
  CHECK(run.state() == RunState::absent);
  run.open(prepared.row(), 1);
  CHECK(run.state() == RunState::unfinished);
  CHECK_FALSE(read_failure(run.path()).has_value());

  write_failure(run.path(), {"out of memory \xff", FailureKind::out_of_memory});
  CHECK(run.state() == RunState::failed);
  CHECK(read_failure(run.path())->kind == FailureKind::out_of_memory);
  CHECK(read_failure(run.path())->message.starts_with("out of memory "));
  CHECK(read_failure(run.path())->attempts == 1);
  CHECK(read_failure(run.path())->time.size() == std::string("2017-06-12T17:57:34Z").size());
  write_failure(run.path(), {"killed", FailureKind::killed});
  CHECK(read_failure(run.path())->attempts == 2);
  CHECK(read_failure(run.path())->message == "killed");
  std::ofstream(run.path() / "failure.json") << "{";
  CHECK(read_failure(run.path())->kind == FailureKind::error);

  clear_failure(run.path());
  CHECK(run.state() == RunState::unfinished);
  run.write_result(sound_result());
  CHECK(run.state() == RunState::finished);
}

TEST_CASE("run folder: who was taken over writes nothing more", "[lab]") {
  const TemporaryFolder folder;
  const Prepared prepared(folder, "a", small);
  RunFolder run(folder / "runs", prepared.row(), 1);
  run.open(prepared.row(), 1);
  const Json other = {{"host", "elsewhere"}, {"machine", "m"}, {"pid", 3}, {"start", 4}, {"token", "t"}, {"beat", 5}};
  fs::remove(run.path() / "owner.json");
  std::ofstream(run.path() / "owner.json") << other;
  CHECK_THROWS_AS(run.check_owner(), LeaseLost);
  CHECK_THROWS_AS(run.write_result(sound_result()), LeaseLost);
  CHECK_THROWS_AS(run.write_environment({{"device", "cpu"}}), LeaseLost);
  CHECK_THROWS_MENTION(run.check_owner(), "taken over by elsewhere, process 3");
  CHECK_FALSE(fs::exists(run.path() / "result.json"));
}

TEST_CASE("run folder: a damaged result is said so", "[lab]") {
  const TemporaryFolder folder;
  const Prepared prepared(folder, "a", small);
  RunFolder run(folder / "runs", prepared.row(), 1);
  run.open(prepared.row(), 1);
  const auto refused = [&](const std::string& patch, const std::string& what) {
    Json result = sound_result();
    result.merge_patch(Json::parse(patch));
    run.write_result(result);
    INFO(patch);
    CHECK_THROWS_AS(run.result(), UserError);
    CHECK_THROWS_MENTION(run.result(), "result.json: damaged: " + what);
    CHECK_THROWS_MENTION(run.result(), "delete the folder to train again");
  };
  refused(R"({"status": null})", "status is missing");
  refused(R"({"status": 3})", "status is of a wrong type");
  refused(R"({"status": "done"})", "the status 'done' is unknown");
  refused(R"({"training": null})", "training/reason is missing");
  refused(R"({"training": {"best": [{"step": "x"}]}})", "training/best holds what is no checkpoint");
  refused(R"({"decodings": {"k": 1}})", "decodings/k has no splits");
  std::ofstream(run.path() / "result.json").close();
  CHECK_THROWS_AS(run.result(), UserError);
}

TEST_CASE("run folder: a damaged or changed configuration is said so", "[lab]") {
  const TemporaryFolder folder;
  const Prepared prepared(folder, "a", small);
  fs::path path;
  {
    RunFolder run(folder / "runs", prepared.row(), 1);
    run.open(prepared.row(), 1);
    path = run.path();
  }
  const Json sound = RunFolder(path).config();
  const auto refused = [&](const std::string& patch, const std::string& what) {
    Json config = sound;
    config.merge_patch(Json::parse(patch));
    std::ofstream(path / "config.json") << config;
    INFO(patch);
    CHECK_THROWS_AS(RunFolder(path), UserError);
    CHECK_THROWS_MENTION(RunFolder(path), "config.json: damaged: " + what);
    CHECK_THROWS_MENTION(RunFolder(folder / "runs", prepared.row(), 1), "config.json: damaged: " + what);
  };
  refused(R"({"hash": 3})", "hash is of a wrong type");
  refused(R"({"config": null})", "config/model is missing");
  refused(R"({"config": {"model": {"d_model": 16}}})", "its settings have the hash ");
  refused(R"({"seed": 2})", "its settings have the hash ");
  refused(R"({"hash": "0123456789abcdef"})", "its settings have the hash ");

  // How a run was decoded first, and other mathematics that cannot be told, are no damage; another name is none either.
  Json config = sound;
  config["config"]["decoding"]["beam"] = 9;
  std::ofstream(path / "config.json") << config;
  CHECK(RunFolder(path).hash() == sound["hash"]);
  fs::rename(path, folder / "renamed");
  CHECK(RunFolder(folder / "renamed").hash() == sound["hash"]);
  fs::rename(folder / "renamed", folder / "a.s1.0123456789abcdef");
  CHECK_THROWS_MENTION(RunFolder(folder / "a.s1.0123456789abcdef"), "holds a run of another configuration");
}

TEST_CASE("run folder: one that is trained in is not deleted", "[lab]") {
  const TemporaryFolder folder;
  const Prepared prepared(folder, "a", small);
  RunFolder again(folder / "runs", prepared.row(), 1);
  {
    RunFolder run(folder / "runs", prepared.row(), 1);
    run.open(prepared.row(), 1);
    CHECK_THROWS_AS(again.remove(), UserError);
    CHECK_THROWS_MENTION(RunFolder(run.path()).remove(), "another process is training");
    CHECK(run.exists());
  }
  RunFolder(folder / "runs", prepared.row(), 1).remove();
  CHECK_FALSE(fs::exists(again.path()));
}

TEST_CASE("run folder: a folder that holds no run", "[lab]") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(RunFolder(folder.path()), UserError);
  CHECK_THROWS_MENTION(RunFolder(folder.path()), "no config.json");
}
