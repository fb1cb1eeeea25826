// A run that is stopped, killed or out of disk goes on by the same command, to the last bit as if nothing had
// been.
#include <sys/stat.h>

#include <fstream>

#include "tests/experiments/cli/tiny_experiment.h"
#include "transformer/training/safetensors.h"

namespace fs = std::filesystem;
using namespace ablate;
using namespace ablate::testing;

namespace {

constexpr int updates = 240;

/// One run of many updates, with dropout, its state saved in the middle of epochs. Between two evaluations lie more
/// updates than a pipe holds lines.
Json long_experiment() {
  Json json = tiny_experiment({{"seeds", {1}},
                               {"rows", {{{"name", "sinusoidal"}}}},
                               {"model", {{"d_model", 32}, {"dropout", 0.2}}},
                               {"evaluation", {{"checkpoint", "average_last"}, {"average", 2}}}});
  json["training"]["budget"]["steps"] = updates;
  json["training"]["evaluate_every"]["steps"] = 60;
  json["training"]["checkpoints"]["keep_last"] = 2;
  return json;
}

/// A line of standard error for every update: the program waits for its reader, see Program.
std::vector<std::string> talkative() { return run_arguments({"--set", "training.log_every=1"}); }

/// What a run leaves that must not depend on how it came about; without times.
struct Remains {
  std::map<std::string, std::string> weights, hypotheses;
  std::vector<Json> log;
  Json decodings;
  bool operator==(const Remains&) const = default;
};

Remains remains(const TemporaryFolder& folder) {
  const auto runs = run_folders(folder);
  REQUIRE(runs.size() == 1);
  Remains found{contents(runs[0], "step_"), contents(runs[0], "hypotheses"), {}, result_of(runs[0])["decodings"]};
  std::istringstream log(data::testing::read_text(runs[0] / "metrics.jsonl"));
  for (std::string line; std::getline(log, line);) {
    Json entry = Json::parse(line);
    entry.erase("seconds");
    entry.erase("tokens_per_second");
    found.log.push_back(std::move(entry));
  }
  return found;
}

/// The run without any interruption, made once.
const Remains& uninterrupted() {
  static const Remains whole = [] {
    const TemporaryFolder folder;
    write_experiment(folder, long_experiment());
    CHECK_STATUS(run_program(folder, talkative()), 0);
    return remains(folder);
  }();
  return whole;
}

void check_same_as_uninterrupted(const TemporaryFolder& folder) {
  const Remains found = remains(folder);
  const Remains& whole = uninterrupted();
  CHECK(whole.weights.size() >= 2);
  CHECK(found.weights == whole.weights);
  CHECK(found.hypotheses == whole.hypotheses);
  CHECK(found.log == whole.log);
  CHECK(found.decodings == whole.decodings);
}

/// Starts the run, and sends the signal as soon as it has told of an update.
Outcome stop_at(const TemporaryFolder& folder, int update, int signal) {
  Program program(folder, talkative());
  CHECK(program.read_until("step " + std::to_string(update) + " "));
  program.send(signal);
  return program.wait();
}

}  // namespace

TEST_CASE("interruption: Ctrl-C and SIGTERM save, and the same command goes on bit for bit", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, long_experiment());
  const Outcome control_c = stop_at(folder, 11, SIGINT);
  CHECK_STATUS(control_c, 130);
  CHECK(control_c.out.empty());
  CHECK(has(control_c.messages, "the same command goes on"));
  REQUIRE(run_folders(folder).size() == 1);
  const fs::path run = run_folders(folder)[0];
  CHECK(fs::exists(run / "state.safetensors"));
  CHECK_FALSE(fs::exists(run / "result.json"));

  const Outcome terminated = stop_at(folder, 101, SIGTERM);
  CHECK_STATUS(terminated, 143);
  CHECK_FALSE(has(terminated.messages, "step 11 "));  // not from the start
  CHECK_STATUS(run_program(folder, {"table", "experiment.json"}), 0);

  const Outcome last = run_program(folder, talkative());
  CHECK_STATUS(last, 0);
  check_same_as_uninterrupted(folder);
  CHECK_FALSE(fs::exists(run / "state.safetensors"));
}

TEST_CASE("interruption: where there is nothing to save, the program ends at once", "[cli]") {
  const TemporaryFolder folder;
  const fs::path pipe = folder / "text";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  for (const int signal : {SIGINT, SIGTERM}) {
    Program program(folder, {"score", "--reference", "text"});
    const std::ofstream writer(pipe);  // opens when the program begins to read
    program.send(signal);
    const Outcome outcome = program.wait();
    CHECK_STATUS(outcome, 128 + signal);
    CHECK(outcome.messages == "\nablate: interrupted; there was nothing to save\n");
  }
}

TEST_CASE("interruption: a killed run goes on from what it saved last, bit for bit", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, long_experiment());
  CHECK_STATUS(stop_at(folder, 62, SIGKILL), 128 + SIGKILL);
  const Outcome twice = stop_at(folder, 130, SIGKILL);
  CHECK(has(twice.messages, "step 61 "));  // the state is that of an evaluation
  CHECK_FALSE(has(twice.messages, "step 60 "));
  CHECK_STATUS(run_program(folder, talkative()), 0);
  check_same_as_uninterrupted(folder);
}

TEST_CASE("interruption: going on with other threads is said", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, long_experiment());
  CHECK_STATUS(stop_at(folder, 11, SIGINT), 130);
  const Outcome same = stop_at(folder, 31, SIGINT);
  CHECK_STATUS(same, 130);
  CHECK_FALSE(has(same.messages, "not bit for bit"));
  const Outcome other = run_program(folder, {"run", "experiment.json", "--device", "cpu", "--threads", "2"});
  CHECK_STATUS(other, 0);
  CHECK(has(other.messages, "warning: begun on cpu, 1 thread, goes on on cpu, 2 threads"));
}

TEST_CASE("interruption: --fresh leaves alone what another process trains", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, long_experiment());
  Program program(folder, talkative());
  CHECK(program.read_until("step 11 "));
  const TemporaryFolder elsewhere;
  fs::copy_file(folder / "experiment.json", elsewhere / "experiment.json");
  const Outcome fresh = run_program(elsewhere, run_arguments({"--fresh", "--out", (folder / "runs").string()}));
  CHECK_STATUS(fresh, 2);
  CHECK(has(fresh.messages, "another process is training"));
  CHECK_STATUS(program.wait(), 0);
  check_same_as_uninterrupted(folder);
}

TEST_CASE("interruption: a full disk is an error of its own, and costs nothing but time", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, long_experiment());
  CHECK_STATUS(stop_at(folder, 40, SIGINT), 130);
  const fs::path run = run_folders(folder).at(0);
  const auto size = fs::file_size(run / "state.safetensors");
  // The state holds the weights about three times: with half of it a checkpoint can still be written, with an
  // eighth none at all.
  for (const auto limit : {size / 2, size / 8}) {
    const Outcome full =
        run_program(folder, run_arguments({"--set", "training.log_every=1000"}), {.largest_file = limit});
    CHECK_STATUS(full, 1);
    CHECK(has(full.out, "failed"));
    CHECK(has(full.messages, "cannot write"));
    CHECK(has(full.messages, ".safetensors"));
    CHECK(contents(run, ".tmp-").empty());
    CHECK_FALSE(read_tensors(run / "state.safetensors").tensors.empty());
    for (const auto& [file, content] : contents(run, "step_")) {
      CHECK_FALSE(read_tensors(run / file).tensors.empty());
    }
  }
  CHECK_STATUS(run_program(folder, talkative()), 0);
  const Remains found = remains(folder);
  CHECK(found.weights == uninterrupted().weights);
  CHECK(found.hypotheses == uninterrupted().hypotheses);
}
