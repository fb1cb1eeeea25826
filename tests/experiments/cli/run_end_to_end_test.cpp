// An experiment from its file to its table, by the real program.
#include "tests/experiments/cli/tiny_experiment.h"

#include <cmath>

namespace fs = std::filesystem;
using namespace ablate;
using namespace ablate::testing;
using data::testing::files_in;
using data::testing::read_text;

namespace {

/// A folder with the tiny experiment, all of it trained.
struct TrainedExperiment {
  TemporaryFolder folder;
  Outcome first;
  explicit TrainedExperiment(const Json& patch = Json::object()) {
    write_experiment(folder, tiny_experiment(patch));
    first = run_program(folder, run_arguments());
  }
};

const Json one_run = {{"seeds", {1}}, {"rows", {{{"name", "sinusoidal"}}}}};

/// The only decoding of a result but for those in `known`.
std::string new_decoding(const Json& result, const std::string& known = "") {
  std::string found;
  for (const auto& [key, decoding] : result["decodings"].items()) {
    if (key != known) found = key;
  }
  return found;
}

}  // namespace

TEST_CASE("run: every row and seed is trained, and the table is all there is on standard output", "[cli][slow]") {
  const TrainedExperiment trained;
  const TemporaryFolder& folder = trained.folder;
  CHECK_STATUS(trained.first, 0);
  CHECK(has(trained.first.messages, "[4/4]"));
  CHECK(has(trained.first.messages, "step 10 "));
  CHECK(has(trained.first.messages, "dev nll"));
  CHECK_FALSE(has(trained.first.out, "dev nll"));
  CHECK(has(trained.first.out, "Tiny"));
  CHECK(has(trained.first.out, "sinusoidal"));
  CHECK(has(trained.first.out, "position=rotary"));
  CHECK(has(trained.first.out, "±"));

  const auto runs = run_folders(folder);
  REQUIRE(runs.size() == 4);
  for (const fs::path& run : runs) {
    const Json result = result_of(run);
    const std::string decoding = new_decoding(result);
    CHECK(files_in(run) == std::vector<std::string>{"config.json", "events.out.tfevents.0.ablate",
                                                    "hypotheses." + decoding + ".test.txt", "lock", "metrics.jsonl",
                                                    "result.json", "step_00000030.safetensors",
                                                    "tokenizer.vocab.json"});
    CHECK(result["status"] == "finished");
    CHECK(result["training"]["steps"] == 30);
    CHECK(result["environment"]["threads"] == 1);
    const Json& splits = result["decodings"][decoding]["splits"];
    CHECK(splits["dev"].contains("nll"));
    CHECK_FALSE(splits["dev"].contains("scores"));
    const auto figure = [&](const char* name) { return splits["test"][name].get<double>(); };
    CHECK(figure("words") > 0);
    CHECK(figure("perplexity") == Approx(std::exp(figure("nll_sum") / figure("tokens"))));
    CHECK(figure("perplexity_per_word") == Approx(std::exp(figure("nll_sum") / figure("words"))));
    CHECK(splits["test"]["scores"]["bleu:tokenize=none"]["signature"].get<std::string>().find("tok:none") !=
          std::string::npos);
    CHECK(std::ranges::count(contents(run, "hypotheses").begin()->second, '\n') == 20);
    CHECK(std::ranges::count(contents(run, "metrics.jsonl").begin()->second, '\n') == 5);
  }

  // The second call finds everything, touches nothing, and shows the same table.
  const auto before = times(folder / "runs");
  const Outcome second = run_program(folder, run_arguments());
  CHECK_STATUS(second, 0);
  CHECK(second.out == trained.first.out);
  CHECK_FALSE(has(second.messages, "step"));
  CHECK(times(folder / "runs") == before);

  const Outcome markdown = run_program(folder, {"table", "experiment.json"});
  CHECK(markdown.out == trained.first.out);
  const Outcome latex = run_program(folder, {"table", "experiment.json", "--format", "latex"});
  CHECK(has(latex.out, "\\toprule"));
  const Outcome csv = run_program(folder, {"table", "experiment.json", "--format", "csv", "--metrics", "nll@dev"});
  CHECK(has(csv.out, "group,label,baseline,nll@dev_mean,nll@dev_sd,nll@dev_ci95,nll@dev_n,"));
  CHECK(std::ranges::count(csv.out, '\n') == 3);
  const Json json = Json::parse(run_program(folder, {"table", "runs/", "--format", "json"}).out);
  CHECK(json["rows"].size() == 2);
  CHECK(json["title"] == "runs");
  CHECK(times(folder / "runs") == before);

  // Rows and seeds by name; what is there is kept.
  const Outcome more = run_program(folder, run_arguments({"--rows", "position=rotary", "--seeds", "2,3"}));
  CHECK_STATUS(more, 0);
  CHECK(has(more.messages, "[1/1] position=rotary, seed 3"));
  CHECK_FALSE(has(more.out, "sinusoidal"));
  CHECK(run_folders(folder).size() == 5);
}

TEST_CASE("run: --dry-run says what there is to do and trains nothing", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, tiny_experiment());
  const Outcome before = run_program(folder, run_arguments({"--dry-run"}));
  CHECK_STATUS(before, 0);
  CHECK(has(before.out, "sinusoidal"));
  CHECK(has(before.out, "to do"));
  CHECK(run_folders(folder).empty());
  run_program(folder, run_arguments({"--rows", "sinusoidal"}));
  const Outcome after = run_program(folder, run_arguments({"--dry-run"}));
  CHECK(has(after.out, "finished"));
  CHECK(has(after.out, "to do"));
  CHECK(run_folders(folder).size() == 2);
}

TEST_CASE("run: --fresh trains again, to the same result", "[cli][slow]") {
  const TrainedExperiment trained(one_run);
  REQUIRE(run_folders(trained.folder).size() == 1);
  const fs::path run = run_folders(trained.folder)[0];
  const auto weights = contents(run, "step_");
  fs::remove(run / "metrics.jsonl");  // it comes back only if the run is trained again
  const Outcome again = run_program(trained.folder, run_arguments({"--fresh"}));
  CHECK_STATUS(again, 0);
  CHECK(fs::exists(run / "metrics.jsonl"));
  CHECK(contents(run, "step_") == weights);
}

TEST_CASE("run: another beam decodes again, another metric scores again, neither trains", "[cli][slow]") {
  const TrainedExperiment trained(one_run);
  const fs::path run = run_folders(trained.folder).at(0);
  const std::string greedy = new_decoding(result_of(run));
  const auto before = times(run);

  const Outcome beam =
      run_program(trained.folder, run_arguments({"--set", "decoding.kind=beam", "--set", "decoding.beam=2"}));
  CHECK_STATUS(beam, 0);
  CHECK_FALSE(has(beam.messages, "step"));
  const std::string searched = new_decoding(result_of(run), greedy);
  REQUIRE(result_of(run)["decodings"].size() == 2);
  CHECK(result_of(run)["decodings"][searched]["decoding"]["beam"] == 2);
  CHECK(fs::exists(run / ("hypotheses." + searched + ".test.txt")));
  const auto after = times(run);
  for (const auto& [file, time] : before) {
    INFO(file);
    if (file != "result.json") CHECK(after.at(file) == time);
  }

  // Without weights and with other outputs in the file: whatever has a score now was computed from the file.
  fs::remove(run / "step_00000030.safetensors");
  std::string nonsense;
  for (int i = 0; i < 20; ++i) nonsense += "nonsense\n";
  trained.folder.write("runs/" + run.filename().string() + "/hypotheses." + greedy + ".test.txt", nonsense);
  const Outcome metric = run_program(trained.folder, run_arguments({"--set", R"(evaluation.metrics=["chrf"])"}));
  CHECK_STATUS(metric, 0);
  const Json scores = result_of(run)["decodings"][greedy]["splits"]["test"]["scores"];
  CHECK(scores["chrf"]["value"] == 0);
  CHECK(scores.contains("exact_match"));
  CHECK(has(metric.out, "chrF"));
}

TEST_CASE("table: of a folder, a row for every way of decoding, whatever came first", "[cli][slow]") {
  const TrainedExperiment trained(one_run);
  const TemporaryFolder& folder = trained.folder;
  const std::vector<std::string> beam = {"--set", "decoding.kind=beam", "--set", "decoding.beam=2"};
  const auto with_beam = [&](const std::string& seed) {
    std::vector<std::string> options = beam;
    options.insert(options.end(), {"--seeds", seed});
    CHECK_STATUS(run_program(folder, run_arguments(options)), 0);
  };
  with_beam("2");  // seed 1 was decoded greedily alone, seed 2 by beam alone
  const auto rows = [&] { return Json::parse(run_program(folder, {"table", "runs", "--format", "json"}).out)["rows"]; };
  REQUIRE(rows().size() == 2);
  CHECK(rows()[0]["label"] != rows()[1]["label"]);
  with_beam("1");
  CHECK(rows().size() == 2);
}

TEST_CASE("table: a perplexity that overflowed is diverged", "[cli][slow]") {
  const TrainedExperiment trained(one_run);
  const fs::path run = run_folders(trained.folder).at(0);
  Json result = result_of(run);
  result["decodings"][new_decoding(result)]["splits"]["dev"]["perplexity"] = nullptr;
  trained.folder.write("runs/" + run.filename().string() + "/result.json", result.dump());
  for (const char* what : {"experiment.json", "runs"}) {
    const Outcome table = run_program(trained.folder, {"table", what});
    CHECK_STATUS(table, 0);
    CHECK(has(table.out, "diverged"));
  }
}

TEST_CASE("run: a diverged row is a result, and the others go on", "[cli][slow]") {
  const Json patch = {{"seeds", {1}},
                      {"rows",
                       {{{"name", "sinusoidal"}},
                        {{"name", "too fast"}, {"set", {{"training.schedule.learning_rate", 1e30}}}},
                        {{"name", "last"}, {"set", {{"model.norm.kind", "rms_norm"}}}}}}};
  const TrainedExperiment trained(patch);
  CHECK_STATUS(trained.first, 0);
  CHECK(has(trained.first.messages, "diverged: the "));
  CHECK(has(trained.first.out, "diverged"));
  REQUIRE(run_folders(trained.folder).size() == 3);
  CHECK(result_of(run_folders(trained.folder)[0])["status"] == "finished");
  const Json diverged = result_of(run_folders(trained.folder)[2]);
  CHECK(diverged["status"] == "diverged");
  CHECK(has(diverged["training"]["reason"].get<std::string>(), "is not finite"));
  // It stays a result.
  const auto before = times(trained.folder / "runs");
  const Outcome again = run_program(trained.folder, run_arguments());
  CHECK_STATUS(again, 0);
  CHECK(again.out == trained.first.out);
  CHECK(times(trained.folder / "runs") == before);
}

TEST_CASE("run: outputs of bytes, line breaks and invalid UTF-8 among them, stay lines", "[cli][slow]") {
  // Hardly trained and drawn at random, a model of bytes writes everything that a byte can be.
  const Json patch = {{"data", {{"tokenizer", {{"kind", "bytes"}}}}},
                      {"model", {{"max_length", 64}}},
                      {"training", {{"budget", {{"steps", 1}}}}},
                      {"decoding", {{"kind", "sampling"}, {"max_length_constant", 40}}}};
  Json json = tiny_experiment(one_run);
  json.merge_patch(patch);
  const TemporaryFolder folder;
  write_experiment(folder, json);
  const Outcome outcome = run_program(folder, run_arguments());
  CHECK_STATUS(outcome, 0);
  const std::string text = contents(run_folders(folder).at(0), "hypotheses").begin()->second;
  CHECK(std::ranges::count(text, '\n') == 20);
  CHECK(has(text, "\uFFFD"));
  const Outcome lines =
      run_program(folder, {"translate", run_folders(folder)[0].string()}, {.input = "1 2\n\n3 4 5\n"});
  CHECK_STATUS(lines, 0);
  CHECK(std::ranges::count(lines.out, '\n') == 3);
}
