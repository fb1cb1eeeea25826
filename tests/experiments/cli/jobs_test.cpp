// Runs side by side: in processes of one call, of two calls at once, of shards.
#include <fstream>

#include "tests/experiments/cli/tiny_experiment.h"

namespace fs = std::filesystem;
using namespace ablate;
using namespace ablate::testing;

namespace {

/// The rows of `ablate table --format csv` without what depends on the machine's speed.
std::vector<std::vector<std::string>> figures(const TemporaryFolder& folder, const std::string& out,
                                              const std::string& setting = "seeds=[1,2]") {
  const Outcome table =
      run_program(folder, {"table", "experiment.json", "--out", out, "--format", "csv", "--set", setting});
  CHECK_STATUS(table, 0);
  std::istringstream lines(table.out);
  std::vector<std::vector<std::string>> rows;
  std::vector<bool> keeps;
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> fields;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) fields.push_back(cell);
    if (rows.empty()) {
      for (const std::string& name : fields) {
        keeps.push_back(!has(name, "tokens_per_second") && !has(name, "memory") && !has(name, "seconds"));
      }
    }
    rows.emplace_back();
    for (std::size_t i = 0; i < std::min(fields.size(), keeps.size()); ++i) {
      if (keeps[i]) rows.back().push_back(fields[i]);
    }
  }
  return rows;
}

std::vector<std::string> arguments_for(const std::string& out, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = run_arguments({"--out", out});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<fs::path> runs_in(const fs::path& out) {
  std::vector<fs::path> found;
  if (!fs::exists(out)) return found;
  for (const auto& entry : fs::directory_iterator(out)) {
    if (entry.path().filename() != "corpora") found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

/// Every update was logged once: nothing was trained twice.
void check_trained_once(const fs::path& out, std::size_t runs, std::size_t lines) {
  CHECK(runs_in(out).size() == runs);
  for (const fs::path& run : runs_in(out)) {
    INFO(run);
    const std::string log = data::testing::read_text(run / "metrics.jsonl");
    CHECK(static_cast<std::size_t>(std::ranges::count(log, '\n')) == lines);
    CHECK(result_of(run)["status"] == "finished");
    CHECK_FALSE(fs::exists(run / "owner.json"));
  }
}

/// Runs of many updates, which say so often.
Json long_experiment_of_four() {
  Json json = tiny_experiment();
  json["training"]["budget"]["steps"] = 600;
  json["training"]["evaluate_every"]["steps"] = 50;
  return json;
}

/// The process that trains in one of the folders, as soon as it has saved something.
std::pair<pid_t, fs::path> wait_for_a_job(Program& program, const fs::path& out) {
  REQUIRE(program.read_until("step 100 "));
  for (const fs::path& run : runs_in(out)) {
    if (!fs::exists(run / "owner.json") || !fs::exists(run / "state.safetensors")) continue;
    return {Json::parse(data::testing::read_text(run / "owner.json"))["pid"].get<pid_t>(), run};
  }
  FAIL("no run is trained by a process");
  return {};
}

}  // namespace

TEST_CASE("jobs: two at once give the table of one after the other", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, tiny_experiment());
  CHECK_STATUS(run_program(folder, arguments_for("one")), 0);
  const Outcome two = run_program(folder, arguments_for("two", {"--jobs", "2"}));
  CHECK_STATUS(two, 0);
  CHECK(has(two.messages, "4 runs: 4 to train"));
  CHECK(has(two.messages, "[4/4] position=rotary, seed 2  step 30"));
  CHECK(has(two.messages, "4 of 4 runs finished"));
  CHECK(has(two.out, "Tiny"));
  CHECK(figures(folder, "one") == figures(folder, "two"));
  CHECK(figures(folder, "one").size() == 3);
  check_trained_once(folder / "two", 4, 5);
  const Outcome again = run_program(folder, arguments_for("two", {"--jobs", "2"}));
  CHECK_STATUS(again, 0);
  CHECK(has(again.messages, "4 runs: 4 finished"));
}

TEST_CASE("jobs: where the next run cannot be begun, those at work save what they have", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, long_experiment_of_four());
  // The folders' names, from runs of the same experiment elsewhere.
  const Outcome names = run_program(folder, arguments_for("names", {"--jobs", "4"}));
  CHECK_STATUS(names, 0);
  Program program(folder, arguments_for("runs", {"--jobs", "2"}));
  REQUIRE(program.read_until("step 100 "));
  for (const fs::path& run : runs_in(folder / "names")) {
    const fs::path same = folder / "runs" / run.filename();
    if (fs::exists(same)) continue;
    fs::create_directories(same);
    folder.write((fs::path("runs") / run.filename() / "config.json").string(), "{");
  }
  const Outcome outcome = program.wait();
  CHECK_STATUS(outcome, 2);
  CHECK(has(outcome.messages, "config.json"));
  std::size_t saved = 0;
  for (const fs::path& run : runs_in(folder / "runs")) {
    if (data::testing::read_text(run / "config.json") == "{") continue;
    const bool is_kept = fs::exists(run / "state.safetensors") || fs::exists(run / "result.json");
    CHECK(is_kept);
    CHECK_FALSE(fs::exists(run / "owner.json"));
    ++saved;
  }
  CHECK(saved == 2);
}

TEST_CASE("jobs: rows whose names hold commas and quotes", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(
      folder,
      tiny_experiment({{"seeds", {1}},
                       {"baseline", "a, b"},
                       {"rows", {{{"name", "a, b"}}, {{"name", "it's \"c\"=1"}, {"set", {{"model.dropout", 0.3}}}}}}}));
  CHECK_STATUS(run_program(folder, arguments_for("runs", {"--jobs", "2"})), 0);
  check_trained_once(folder / "runs", 2, 5);
}

TEST_CASE("jobs: a process that is killed leaves the others going on, and its run is tried again", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, long_experiment_of_four());
  Program program(folder, arguments_for("runs", {"--jobs", "2"}));
  const auto [process, run] = wait_for_a_job(program, folder / "runs");
  ::kill(process, SIGKILL);
  const Outcome outcome = program.wait();
  CHECK_STATUS(outcome, 1);
  CHECK(has(outcome.messages, "killed by signal 9"));
  CHECK(has(outcome.messages, "ablate: 1 run failed: "));
  CHECK(has(outcome.messages, "3 of 4 runs finished, 1 failed"));
  CHECK(has(outcome.out, "Tiny"));
  const Json failure = Json::parse(data::testing::read_text(run / "failure.json"));
  CHECK(failure["kind"] == "killed");
  CHECK(failure["attempts"] == 1);

  const Outcome again = run_program(folder, arguments_for("runs"));
  CHECK_STATUS(again, 0);
  CHECK(has(again.messages, "4 runs: 3 finished, 1 that failed is tried again"));
  CHECK_FALSE(has(again.messages, "step 10 "));  // it goes on from its state
  CHECK_FALSE(fs::exists(run / "failure.json"));
  check_trained_once(folder / "runs", 4, 72);
  CHECK_STATUS(run_program(folder, arguments_for("whole")), 0);
  CHECK(figures(folder, "runs") == figures(folder, "whole"));
}

TEST_CASE("jobs: a signal reaches all of them once; the same command goes on", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, long_experiment_of_four());
  for (const int signal : {SIGINT, SIGTERM}) {
    Program program(folder, arguments_for("runs", {"--jobs", "2"}));
    REQUIRE(program.read_until("step 2"));
    program.send(signal);
    const Outcome outcome = program.wait();
    CHECK_STATUS(outcome, 128 + signal);
    CHECK(has(outcome.messages, "the same command goes on"));
    CHECK(outcome.out.empty());
    for (const fs::path& run : runs_in(folder / "runs")) {
      INFO(run);
      CHECK_FALSE(fs::exists(run / "owner.json"));
      CHECK_FALSE(fs::exists(run / "failure.json"));
    }
  }
  CHECK_STATUS(run_program(folder, arguments_for("runs", {"--jobs", "2"})), 0);
  check_trained_once(folder / "runs", 4, 72);
}

TEST_CASE("jobs: two calls at once share the work", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, long_experiment_of_four());
  Program first(folder, arguments_for("runs"));
  REQUIRE(first.read_until("step 10 "));
  const TemporaryFolder elsewhere;
  fs::copy_file(folder / "experiment.json", elsewhere / "experiment.json");
  const Outcome second = run_program(elsewhere, arguments_for((folder / "runs").string()));
  const Outcome of_first = first.wait();
  CHECK_STATUS(second, 0);
  CHECK_STATUS(of_first, 0);
  CHECK(has(second.messages, "another process is training this run ("));
  check_trained_once(folder / "runs", 4, 72);
}

TEST_CASE("jobs: a run that fails for its settings leaves the others going on", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, tiny_experiment());
  CHECK_STATUS(run_program(folder, arguments_for("runs", {"--rows", "sinusoidal", "--seeds", "1"})), 0);
  const fs::path run = runs_in(folder / "runs").at(0);
  fs::remove(run / "result.json");
  std::ofstream(run / "state.safetensors") << "damaged";
  for (const char* jobs : {"1", "2"}) {
    INFO(jobs);
    const Outcome outcome = run_program(folder, arguments_for("runs", {"--jobs", jobs}));
    CHECK_STATUS(outcome, 1);
    CHECK(has(outcome.messages, "failed: "));
    CHECK(has(outcome.messages, "state.safetensors"));
    CHECK(has(outcome.messages, "1 run failed: sinusoidal, seed 1"));
    CHECK(has(outcome.out, "Tiny"));
  }
  const Json failure = Json::parse(data::testing::read_text(run / "failure.json"));
  CHECK(failure["attempts"] == 2);
  CHECK(failure["kind"] == "error");
  CHECK(runs_in(folder / "runs").size() == 4);
  fs::remove(run / "state.safetensors");
  CHECK_STATUS(run_program(folder, arguments_for("runs")), 0);
  CHECK_FALSE(fs::exists(run / "failure.json"));
}

TEST_CASE("jobs: shards come to the same table", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, tiny_experiment());
  CHECK_STATUS(run_program(folder, arguments_for("one")), 0);
  const Outcome first = run_program(folder, arguments_for("shards", {"--shard", "1/3"}));
  CHECK_STATUS(first, 0);
  CHECK(has(first.messages, "shard 1/3: 2 runs: 2 to train"));
  CHECK(has(first.messages, "not finished by other shards: position=rotary, seed 1; sinusoidal, seed 2"));
  CHECK(has(first.out, "Tiny"));
  CHECK(runs_in(folder / "shards").size() == 2);
  for (const char* shard : {"2/3", "3/3"}) {
    CHECK_STATUS(run_program(folder, arguments_for("shards", {"--shard", shard})), 0);
  }
  CHECK(figures(folder, "one") == figures(folder, "shards"));
  const Outcome wrong = run_program(folder, arguments_for("shards", {"--shard", "4/3"}));
  CHECK_STATUS(wrong, 2);
  CHECK(has(wrong.messages, "--shard"));
}

TEST_CASE("jobs: the script for Slurm trains all shards", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, tiny_experiment({{"title", "it's 'quoted'"}}));
  const Outcome script =
      run_program(folder, {"slurm", "experiment.json", "--shards", "3", "--out", "the runs", "--cpus", "1", "--set",
                           "training.budget.steps=20", "--partition", "short", "--time", "01:00:00"});
  CHECK_STATUS(script, 0);
  for (const char* line : {"#SBATCH --array=1-3\n", "#SBATCH --time=01:00:00\n", "#SBATCH --partition=short\n",
                           "#SBATCH --requeue\n", "#SBATCH --signal=B:USR1@120\n"}) {
    INFO(line);
    CHECK(has(script.out, line));
  }
  const fs::path file = folder.write("train.sbatch", script.out);
  const auto shell = [&](const std::string& command) {
    return std::system(("exec >/dev/null 2>&1; " + command + " '" + file.string() + "'").c_str());
  };
  CHECK(shell("bash -n") == 0);
  for (const char* task : {"1", "2", "3"}) {
    CHECK(shell(std::string("SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=") + task + " bash") == 0);
  }
  CHECK_STATUS(run_program(folder, arguments_for("one", {"--set", "training.budget.steps=20"})), 0);
  CHECK(figures(folder, "the runs", "training.budget.steps=20") == figures(folder, "one", "training.budget.steps=20"));
  CHECK(runs_in(folder / "the runs").size() == 4);
  CHECK_STATUS(run_program(folder, {"slurm", "experiment.json", "--shards", "0"}), 2);
  CHECK_STATUS(run_program(folder, {"slurm", "experiment.json"}), 2);
  CHECK_STATUS(run_program(folder, {"slurm", "nothing.json", "--shards", "2"}), 2);
  CHECK_STATUS(run_program(folder, {"slurm", "experiment.json", "--shards", "2", "--partition", "a b"}), 2);
}
