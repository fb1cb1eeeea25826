// Wrong commands, files and data: one clear error that says where, exit status 2, and nothing half-written.
#include "tests/experiments/cli/tiny_experiment.h"

namespace fs = std::filesystem;
using namespace ablate;
using namespace ablate::testing;
using data::testing::files_in;

namespace {

/// The program refuses, says all of `parts`, prints no result and leaves no file but those that were there.
void check_refused(const TemporaryFolder& folder, const std::vector<std::string>& arguments,
                   const std::vector<std::string>& parts, const std::string& input = "") {
  folder.write(".program.in", "");
  folder.write(".program.out", "");
  const auto before = files_in(folder.path());
  const Outcome outcome = run_program(folder, arguments, {.input = input});
  CHECK_STATUS(outcome, 2);
  CHECK(outcome.out.empty());
  CHECK(outcome.messages.find("ablate: ") != std::string::npos);
  CHECK_FALSE(has(outcome.messages, "Exception"));
  CHECK_FALSE(has(outcome.messages, "frame #"));
  for (const std::string& part : parts) {
    INFO("standard error:\n" << outcome.messages << "\nis to mention: " << part);
    CHECK(has(outcome.messages, part));
  }
  CHECK(files_in(folder.path()) == before);
}

/// The only run fails, for the reason that `part` names: the table says so, and the reason stays in the run's folder.
void check_failed(const TemporaryFolder& folder, const fs::path& run, const std::string& part) {
  const Outcome outcome = run_program(folder, run_arguments());
  CHECK_STATUS(outcome, 1);
  CHECK(has(outcome.out, "failed"));
  CHECK(has(outcome.messages, part));
  CHECK(has(outcome.messages, "1 run failed: sinusoidal, seed 1"));
  CHECK_FALSE(has(outcome.messages, "frame #"));
  CHECK(has(data::testing::read_text(run / "failure.json"), part));
}

/// The tiny experiment on two files of pairs.
Json on_files() {
  Json json = tiny_experiment({{"seeds", {1}}, {"rows", {{{"name", "sinusoidal"}}}}});
  json["data"] = Json::parse(R"({"kind": "files", "train": ["train.en", "train.de"], "dev": ["dev.en", "dev.de"],
                                 "tokenizer": {"kind": "words"}})");
  return json;
}

/// A folder with that experiment and its data, sound so far.
void write_corpus(const TemporaryFolder& folder, const Json& json = on_files()) {
  write_experiment(folder, json);
  for (const char* file : {"train.en", "train.de", "dev.en", "dev.de"}) folder.write(file, "a b c\nb c a\nc a b\n");
}

}  // namespace

TEST_CASE("bad input: commands and options", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, tiny_experiment());
  check_refused(folder, {"rnu"}, {"unknown command 'rnu'", "did you mean 'run'?"});
  check_refused(folder, {"run"}, {"the file is missing", "usage: ablate run"});
  check_refused(folder, {"run", "experiment.json", "--stes", "3"}, {"no option --stes", "usage: ablate run"});
  check_refused(folder, run_arguments({"--thraeds=1"}), {"no option --thraeds", "did you mean 'threads'?"});
  check_refused(folder, run_arguments({"--set"}), {"set", "usage: ablate run"});
  check_refused(folder, {"run", "experiment.json", "--threads", "many"}, {"--threads", "0 to 1024, not 'many'"});
  check_refused(folder, run_arguments({"--rows", "sinusoidl"}), {"sinusoidl", "did you mean 'sinusoidal'?"});
  check_refused(folder, run_arguments({"--rows", ","}), {"--rows", "at least one"});
  check_refused(folder, run_arguments({"--rows="}), {"--rows", "empty"});
  for (const char* threads : {"-1", "1025", "999999"}) {
    check_refused(folder, {"run", "experiment.json", std::string("--threads=") + threads}, {"--threads", threads});
  }
  check_refused(folder, run_arguments({"--out", "experiment.json"}), {"--out", "experiment.json is a file"});
  check_refused(folder, run_arguments({"--out", "experiment.json/runs"}), {"--out", "experiment.json/runs"});
  check_refused(folder, run_arguments({"--seeds", "1,x"}), {"--seeds", "'x'"});
  check_refused(folder, run_arguments({"--seeds", "1,1"}), {"--seeds", "twice"});
  check_refused(folder, run_arguments({"--format", "word"}), {"word", "markdown"});
  check_refused(folder, run_arguments({"--set", "model.d_model"}), {"--set", "path=value"});
  check_refused(folder, run_arguments({"--dry-run", "--format", "csv"}), {"--format: has no effect with --dry-run"});
  check_refused(folder, {"score", "--reference", "experiment.json", "--metrics", "bleu,bleu"}, {"'bleu'", "twice"});
  check_refused(folder, run_arguments({"--set", "model.norm.kind=\xFF"}), {"--set", "not valid UTF-8"});
  check_refused(folder, run_arguments({"--set", "model.d_model=4000000000"}), {"model.d_model", "1048576"});
  check_refused(folder, {"table", "nowhere"}, {"nowhere", "there is no such file"});
  check_refused(folder, {"table", "."}, {"holds no runs"});
  const Outcome column = run_program(folder, run_arguments({"--set", "table.metrics=[\"perplexity@tset\"]"}));
  CHECK_STATUS(column, 2);
  CHECK(has(column.messages, "table.metrics: no row measures 'perplexity@tset' (did you mean 'perplexity@test'?)"));
  CHECK(run_folders(folder).empty());  // found before training
  const Outcome nothing = run_program(folder, {});
  CHECK_STATUS(nothing, 2);
  CHECK(has(nothing.messages, "usage: ablate COMMAND"));
}

TEST_CASE("bad input: a GPU that is not there", "[cli]") {
  const TemporaryFolder folder;
  write_experiment(folder, tiny_experiment());
  check_refused(folder, {"run", "experiment.json", "--device", "cuda:99"}, {"--device", "cuda:99"});
  check_refused(folder, {"run", "experiment.json", "--device", "tpu"}, {"--device", "tpu"});
}

TEST_CASE("bad input: malformed JSON, with line and column", "[cli]") {
  const TemporaryFolder folder;
  folder.write("experiment.json", "{\n  \"title\": \"x\",\n  \"seeds\": [1, 2,]\n}\n");
  check_refused(folder, run_arguments(), {"experiment.json: parse error at line 3, column 18"});
  check_refused(folder, {"run", "none.json"}, {"none.json", "there is no such file"});
}

TEST_CASE("bad input: all mistakes of a file at once", "[cli]") {
  const TemporaryFolder folder;
  Json json = tiny_experiment();
  json["model"]["d_modle"] = 3;
  json["training"]["clip_norm"] = -1;
  json["rows"][1]["set"] = {{"model.norm.kind", "rms_nrom"}};
  write_experiment(folder, json);
  check_refused(folder, run_arguments(),
                {"experiment.json: model.d_modle: ", "'d_model'", "training.clip_norm: must be above 0",
                 "experiment.json: rows[1]: model.norm.kind: ", "'rms_norm'"});
}

TEST_CASE("bad input: corpora", "[cli][slow]") {
  const TemporaryFolder folder;
  write_corpus(folder);
  folder.write("train.de", "a b c\nb c a\n");
  check_refused(folder, run_arguments(), {"train.en has 3 lines but ", "train.de has 2"});
  folder.write("train.de", "a b c\nb \xC3\x28 a\nc a b\n");
  check_refused(folder, run_arguments(), {"train.de:2: not valid UTF-8 at byte 3"});
  folder.write("train.de", "");
  folder.write("train.en", "");
  check_refused(folder, run_arguments(), {"the corpus is empty", "train"});
  write_corpus(folder);
  folder.write("dev.en", "");
  folder.write("dev.de", "");
  check_refused(folder, run_arguments(), {"the corpus is empty", "dev"});
  fs::remove(folder / "dev.de");
  check_refused(folder, run_arguments(), {"dev.de: there is no such file"});
}

TEST_CASE("bad input: what the data and the model cannot be together", "[cli][slow]") {
  const TemporaryFolder folder;
  write_corpus(folder);
  CHECK_STATUS(run_program(folder, run_arguments({"--dry-run"})),
               0);  // the corpus itself is sound, and stays
  check_refused(folder, run_arguments({"--set", "data.tokenizer.kind=sentencepiece"}),
                {"vocabulary_size 8000 is more than the training text allows", "or less"});
  check_refused(folder, run_arguments({"--set", "evaluation.splits=[\"test\"]"}), {"the corpus has no split 'test'"});
  check_refused(folder, run_arguments({"--set", "model.vocabulary=99"}), {"model.vocabulary: 99 is stated"});
  check_refused(folder, run_arguments({"--set", "data.dev=[]"}), {"data.dev"});

  // A later row that cannot be trained is found before the first is.
  Json json = on_files();
  json["rows"].push_back({{"name", "short"}, {"set", {{"model.max_length", 3}}}});
  write_experiment(folder, json);
  check_refused(folder, run_arguments(),
                {"experiment.json (row 'short')", "model.max_length: 3 is too short", "needs 4"});
}

TEST_CASE("bad input: recipes", "[cli]") {
  const TemporaryFolder folder;
  Json json = tiny_experiment();
  json["data"] = {{"recipe", "multi30k_en_ed"}};
  write_experiment(folder, json);
  check_refused(folder, run_arguments(), {"unknown corpus 'multi30k_en_ed'", "did you mean 'multi30k_en_de'?"});
  check_refused(folder, run_arguments({"--set", "data.recipe=multi30k_en_de"}),
                {"corpus 'multi30k_en_de'", "is missing", "ablate data get multi30k_en_de"});
}

TEST_CASE("bad input: folders of runs and their checkpoints", "[cli][slow]") {
  const TemporaryFolder folder;
  write_experiment(folder, tiny_experiment({{"seeds", {1}}, {"rows", {{{"name", "sinusoidal"}}}}}));
  CHECK_STATUS(run_program(folder, run_arguments({"--set", "evaluation.splits=[\"dev\"]"})), 0);
  const fs::path run = run_folders(folder).at(0);
  const std::string name = "runs/" + run.filename().string() + "/";
  const std::string weights = data::testing::read_text(run / "step_00000030.safetensors");

  // Its weights are needed again for the test set.
  folder.write(name + "step_00000030.safetensors", weights.substr(0, weights.size() - 10));
  check_failed(folder, run, "step_00000030.safetensors: the checkpoint is cut off");
  std::string corrupted = weights;
  corrupted[weights.size() / 2] ^= 0x10;
  folder.write(name + "step_00000030.safetensors", corrupted);
  check_failed(folder, run, "step_00000030.safetensors: the checkpoint is damaged");
  fs::remove(run / "step_00000030.safetensors");
  check_failed(folder, run, "step_00000030.safetensors: there is no such file");

  // A state to go on from that is none.
  fs::remove(run / "result.json");
  folder.write(name + "state.safetensors", corrupted);
  check_failed(folder, run, "state.safetensors: the checkpoint is damaged");
  folder.write(name + "state.safetensors", weights);
  check_failed(folder, run, "the weights of '");

  folder.write(name + "config.json", R"({"hash": "0123456789abcdef"})");
  check_refused(folder, run_arguments(), {run.filename().string(), "config.json: damaged", "delete the folder"});
  folder.write(name + "config.json", "{");
  check_refused(folder, run_arguments(), {"config.json: parse error at line 1, column 1"});
}
