// Training that begins from another run, by the real program: what is taken over, told, refused, and known by content.
#include <chrono>
#include <csignal>

#include "tests/experiments/cli/tiny_experiment.h"

namespace fs = std::filesystem;
using namespace ablate;
using namespace ablate::testing;

namespace {

/// The folder of the run with that label, as it is written in an experiment file beside the folder of runs.
std::string run_called(const TemporaryFolder& folder, const std::string& label) {
  std::string found;
  for (const fs::path& run : run_folders(folder)) {
    if (run.filename().string().starts_with(label + ".s")) found = (fs::path("runs") / run.filename()).string();
  }
  REQUIRE_FALSE(found.empty());
  return found;
}

Json tiny_source(const Json& patch = Json::object()) {
  Json json = tiny_experiment({{"seeds", {1}}, {"rows", {{{"name", "first"}}}}});
  json.erase("baseline");
  json.merge_patch(patch);
  return json;
}

/// Trains a row "first" and keeps its folder as `base`, where no experiment's runs lie.
void train_base(const TemporaryFolder& folder, const Json& patch = Json::object()) {
  write_experiment(folder, tiny_source(patch));
  CHECK_STATUS(run_program(folder, run_arguments()), 0);
  fs::copy(folder / run_called(folder, "first"), folder / "base", fs::copy_options::recursive);
}

/// A row that begins from a run, with more of `training.initialize_from`.
Json beginning_from(const std::string& run, const Json& more = Json::object(), const Json& patch = Json::object()) {
  Json start = {{"run", run}};
  start.update(more);
  Json json = tiny_source({{"rows", {{{"name", "second"}}}}, {"training", {{"initialize_from", start}}}});
  json.merge_patch(patch);
  return json;
}

/// One update that moves no weight by as much as it is rounded.
const Json standing_still = {
    {"training",
     {{"schedule", {{"learning_rate", 1e-12}}}, {"budget", {{"steps", 1}}}, {"evaluate_every", {{"steps", 1}}}}}};

std::string content_taken(const Json& result) { return result.at("initialized_from").at("content").get<std::string>(); }

/// The only checkpoint of a run.
fs::path checkpoint_in(const fs::path& run) {
  for (const std::string& file : data::testing::files_in(run)) {
    if (file.starts_with("step_")) return run / file;
  }
  return {};
}

void check_start_refused(const TemporaryFolder& folder, const Json& experiment, const std::string& message) {
  write_experiment(folder, experiment);
  const Outcome outcome = run_program(folder, run_arguments({"--dry-run"}));
  CHECK_STATUS(outcome, 2);
  INFO(outcome.messages);
  CHECK(has(outcome.messages, message));
}

}  // namespace

TEST_CASE("start: a run goes on from where another one ended, and tells so everywhere", "[cli][slow]") {
  const TemporaryFolder folder;
  train_base(folder);
  const double last = result_of(folder / "base")["training"]["last"][0]["dev_nll"].get<double>();
  write_experiment(folder, beginning_from("base", {{"checkpoint", "last"}, {"strict", true}}, standing_still));
  const Outcome dry = run_program(folder, run_arguments({"--dry-run"}));
  CHECK_STATUS(dry, 0);
  CHECK(has(dry.out, "row 'second' begins from base (last): "));
  const Outcome described = run_program(folder, {"describe", "experiment.json"});
  CHECK_STATUS(described, 0);
  CHECK(has(described.out, "## Begins from\n\nbase (last): "));

  const Outcome trained = run_program(folder, run_arguments());
  CHECK_STATUS(trained, 0);
  CHECK(has(trained.messages, "begins from base (last): "));
  const fs::path run = folder / run_called(folder, "second");
  const Json result = result_of(run);
  CHECK(result["training"]["last"][0]["dev_nll"].get<double>() == Approx(last));
  CHECK(content_taken(result).size() == 64);
  CHECK(result["initialized_from"]["run"] == "base");
  CHECK_FALSE(result["initialized_from"].contains("taken"));
  const Json report = Json::parse(data::testing::read_text(run / "initialization.json"));
  CHECK(report["taken"].size() > 10);
  CHECK(report["drawn"].empty());
  CHECK(report["unused"].empty());
  const Json config = Json::parse(data::testing::read_text(run / "config.json"));
  CHECK(config["config"]["training"]["initialize_from"]["content"] == content_taken(result));
  const Outcome inspected = run_program(folder, {"inspect", run.string()});
  CHECK(has(inspected.out, "began from base (last): "));
  CHECK_STATUS(run_program(folder, {"translate", run.string()}, {.input = "a b c\n"}), 0);
}

TEST_CASE("start: rows differ by what they begin from and what they take of it", "[cli][slow]") {
  const TemporaryFolder folder;
  train_base(folder);
  Json experiment = tiny_source(standing_still);
  experiment["rows"] = Json::parse(R"([{"name": "drawn"},
      {"name": "encoder", "set": {"training.initialize_from": {"run": "base", "take": ["encoder"]}}},
      {"set": {"training.initialize_from.run": "base"}}])");
  experiment["baseline"] = "drawn";
  write_experiment(folder, experiment);
  const Outcome trained = run_program(folder, run_arguments());
  CHECK_STATUS(trained, 0);
  CHECK(has(trained.out, "initialize_from.run=base"));
  CHECK(has(trained.messages, "; drawn: decoder.…, embedding.… (not asked for); unused: decoder.…, embedding.…"));
  const auto dev_nll = [&](const std::string& label) {
    return result_of(folder / run_called(folder, label))["training"]["last"][0]["dev_nll"].get<double>();
  };
  CHECK(dev_nll("drawn") > dev_nll("initialize-from-run-base"));
  CHECK(dev_nll("encoder") != dev_nll("drawn"));
  fs::last_write_time(checkpoint_in(folder / "base"), fs::file_time_type::clock::now() - std::chrono::hours(1));
  const Outcome table = run_program(folder, {"table", "experiment.json"});
  CHECK_STATUS(table, 0);
  CHECK_STATUS(run_program(folder, {"report", "experiment.json", "--output", "report.html"}), 0);
  // The sum of the weights is noted by then: another one in its place is another run's, which is not there.
  const std::vector<std::string> notes = data::testing::files_in(folder / "runs" / "starting_points");
  REQUIRE(notes.size() == 1);
  const std::string noted = "runs/starting_points/" + notes.front();
  Json note = Json::parse(data::testing::read_text(folder / noted));
  CHECK(note["sha256"] == content_taken(result_of(folder / run_called(folder, "encoder"))));
  CHECK(run_program(folder, {"table", "experiment.json"}).out == table.out);
  note["sha256"] = std::string(64, '0');
  folder.write(noted, note.dump());
  CHECK(run_program(folder, {"table", "experiment.json"}).out != table.out);
}

TEST_CASE("start: a run is known by the content of what it begins from, wherever that lies", "[cli][slow]") {
  const TemporaryFolder folder;
  train_base(folder, {{"seeds", {1, 2}}});
  write_experiment(folder, beginning_from("base"));
  CHECK_STATUS(run_program(folder, run_arguments()), 0);
  const std::string first = run_called(folder, "second");
  const std::string content = content_taken(result_of(folder / first));

  fs::rename(folder / "base", folder / "moved");
  write_experiment(folder, beginning_from("./moved/", {{"content", content}}));
  const Outcome moved = run_program(folder, run_arguments({"--dry-run"}));
  CHECK_STATUS(moved, 0);
  CHECK(has(moved.out, "1 run: 1 finished"));

  // The same folder with other weights: those of the other seed.
  const std::vector<fs::path> runs = run_folders(folder);
  const auto other =
      std::ranges::find_if(runs, [](const fs::path& run) { return run.filename().string().starts_with("first.s"); });
  REQUIRE(other != runs.end());
  const bool is_same =
      data::testing::read_text(checkpoint_in(*other)) == data::testing::read_text(checkpoint_in(folder / "moved"));
  const fs::path changed = is_same ? *std::next(other) : *other;
  fs::copy_file(checkpoint_in(changed), checkpoint_in(folder / "moved"), fs::copy_options::overwrite_existing);
  check_start_refused(folder, beginning_from("moved", {{"content", content}}),
                      "training.initialize_from.content: moved has other weights, ");
  write_experiment(folder, beginning_from("moved"));
  const Outcome again = run_program(folder, run_arguments({"--dry-run"}));
  CHECK_STATUS(again, 0);
  CHECK(has(again.out, "1 run: 1 to train"));
  CHECK(has(again.out, "training.initialize_from.content: "));
}

TEST_CASE("start: a run that was interrupted goes on with its own weights, bit for bit", "[cli][slow]") {
  const TemporaryFolder whole, stopped;
  train_base(whole);
  fs::copy(whole / "base", stopped / "base", fs::copy_options::recursive);
  const Json experiment = beginning_from(
      "base", Json::object(),
      {{"model", {{"dropout", 0.2}}},
       {"training", {{"budget", {{"steps", 240}}}, {"evaluate_every", {{"steps", 120}}}, {"log_every", 1}}}});
  for (const TemporaryFolder* folder : {&whole, &stopped}) write_experiment(*folder, experiment);
  CHECK_STATUS(run_program(whole, run_arguments()), 0);
  {
    Program program(stopped, run_arguments());
    CHECK(program.read_until("step 11 "));
    program.send(SIGTERM);
    const Outcome outcome = program.wait();
    CHECK_STATUS(outcome, 143);
    CHECK(has(outcome.messages, "begins from base (best): "));
  }
  const Outcome rest = run_program(stopped, run_arguments());
  CHECK_STATUS(rest, 0);
  CHECK_FALSE(has(rest.messages, "begins from"));
  CHECK_FALSE(has(rest.messages, "step 11 "));
  const auto expected = contents(whole / run_called(whole, "second"), "step_");
  CHECK_FALSE(expected.empty());
  CHECK(contents(stopped / run_called(stopped, "second"), "step_") == expected);
  CHECK(result_of(stopped / run_called(stopped, "second"))["initialized_from"] ==
        result_of(whole / run_called(whole, "second"))["initialized_from"]);
}

TEST_CASE("start: a classifier begins from hidden words, with the tokenizer of their run", "[cli][slow]") {
  const TemporaryFolder folder;
  const auto write_parts = [&](const std::string& name, const std::string& text) {
    for (const char* part : {"train", "dev", "test"}) folder.write(name + "." + part, text);
  };
  std::string text, labelled;
  for (int i = 0; i < 60; ++i) {
    text += "the house stands by a river and waits fine dull\n";
    labelled += i % 2 == 0 ? "1 fine the house waits\n" : "0 dull river stands by a house\n";
  }
  write_parts("text", text);
  write_parts("labelled", labelled);
  Json experiment = Json::parse(R"({
    "title": "Hidden words", "seeds": [1],
    "model": {"family": "encoder", "d_model": 16, "max_length": 16, "dropout": 0, "residual": {"kind": "pre_norm"},
              "head": {"kind": "words"},
              "attention": {"heads": 2}, "feed_forward": {"d_ff": 32}, "encoder": {"layers": 1}},
    "data": {"kind": "files", "reader": {"kind": "lines"}, "train": ["text.train"], "dev": ["text.dev"],
             "test": ["text.test"], "tokenizer": {"kind": "words"}},
    "objective": {"layout": "documents"},
    "training": {"batch": {"tokens": 128}, "schedule": {"kind": "constant", "learning_rate": 1e-2, "warmup": 5},
                 "budget": {"steps": 20}, "evaluate_every": {"steps": 20}, "log_every": 10},
    "rows": [{"name": "hidden"}]})");
  write_experiment(folder, experiment);
  CHECK_STATUS(run_program(folder, run_arguments()), 0);
  const std::string run = run_called(folder, "hidden");

  experiment.merge_patch(Json::parse(R"({"title": "Labels", "objective": null, "model": {"head": {"kind": "classes"}},
    "data": {"reader": {"kind": "labelled_lines"}, "train": ["labelled.train"], "dev": ["labelled.dev"],
             "test": ["labelled.test"]},
    "training": {"budget": {"steps": 60}}, "rows": [{"name": "labels"}]})"));
  experiment["training"]["initialize_from"] = Json{{"run", run}};
  check_start_refused(
      folder, experiment,
      "training.initialize_from.take: 'embedding.source': its rows are those of other words: take the run's "
      "tokenizer by \"data.tokenizer.model\" (" +
          run +
          "/tokenizer.vocab.json); or leave it: \"leave\": "
          "[\"embedding.source\"]");
  Json left = experiment;
  left["training"]["initialize_from"]["leave"] = Json::array({"embedding"});
  write_experiment(folder, left);
  CHECK_STATUS(run_program(folder, run_arguments({"--dry-run"})), 0);

  experiment["data"]["tokenizer"]["model"] = run + "/tokenizer.vocab.json";
  write_experiment(folder, experiment);
  const Outcome trained = run_program(folder, run_arguments());
  CHECK_STATUS(trained, 0);
  // The mask is a row of its own behind the words.
  CHECK(has(trained.messages, ", of embedding.source 14 rows; drawn: head.… (the run has a head over words)"));
  CHECK(has(trained.messages, "; unused: head.…"));
  const Json split = measured(folder / run_called(folder, "labels"), "test");
  CHECK(split["scores"]["label_accuracy"]["value"].get<double>() > 95);

  // Other classes are other words; the run of a classifier keeps the tokenizer of its texts by itself.
  const std::string labels = run_called(folder, "labels");
  write_parts("labelled", "yes fine house\nno dull river\nyes fine\nno dull\n");
  experiment["training"]["initialize_from"] = Json{{"run", labels}};
  experiment["data"]["tokenizer"]["model"] = labels + "/source_tokenizer.vocab.json";
  experiment["rows"] = Json::parse(R"([{"name": "other labels"}])");
  check_start_refused(folder, experiment,
                      "its rows are those of other classes, 0, 1; or leave it: \"leave\": [\"head.output");
  experiment["training"]["initialize_from"]["leave"] = Json::array({"head.output"});
  write_experiment(folder, experiment);
  const Outcome others = run_program(folder, run_arguments());
  CHECK_STATUS(others, 0);
  CHECK(has(others.messages, "; drawn: head.output.… (left); unused: head.output.…"));
}

TEST_CASE("start: what cannot be begun from is refused before training", "[cli][slow]") {
  const TemporaryFolder folder;
  train_base(folder);
  check_start_refused(folder, beginning_from("nowhere"),
                      "(row 'second'): training.initialize_from.run: there is no such folder: nowhere");
  check_start_refused(folder, beginning_from("runs"), "training.initialize_from.run: runs: not the folder of a run");
  check_start_refused(folder, beginning_from("base", {{"checkpoint", "average_last"}}),
                      "base: checkpoint 'average_last' needs 5 kept ones, and the run has 1");
  check_start_refused(
      folder, beginning_from("base", {{"take", {"encodr"}}}),
      "training.initialize_from.take: no parameter of this model is called 'encodr' (did you mean 'encoder'?)");
  check_start_refused(folder, beginning_from("base", Json::object(), {{"model", {{"feed_forward", {{"d_ff", 48}}}}}}),
                      "'encoder.layers.0.feed_forward.inner.weight' is [48, 16], and the run's "
                      "'encoder.layers.0.feed_forward.inner.weight' is [32, 16]");
  check_start_refused(folder, beginning_from("base", Json::object(), {{"data", {{"task", {{"vocabulary", 9}}}}}}),
                      "'embedding.shared': its rows are those of other words");
  // Of one that has not finished nobody knows what it will be.
  fs::remove(folder / "base" / "result.json");
  check_start_refused(folder, beginning_from("base"), "base: the run has not finished training");
}
