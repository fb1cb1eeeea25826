// An encoder by itself, from labelled texts to their table and to `ablate classify`, and from running text to what was
// hidden of it, by the real program.
#include "tests/experiments/cli/tiny_experiment.h"

namespace fs = std::filesystem;
using namespace ablate;
using namespace ablate::testing;

namespace {

/// Texts whose class is their first word's: learnt at once.
std::string labelled(int from, int until) {
  const std::vector<std::string> fillers = {"the", "house", "stands", "by", "a", "river", "and", "waits"};
  std::string text;
  for (int i = from; i < until; ++i) {
    const bool good = i % 3 != 0;
    text += good ? "1 fine" : "0 dull";
    for (int k = 0; k < 2 + i % 4; ++k) text += " " + fillers[static_cast<std::size_t>((i * 5 + k * 3) % 8)];
    text += "\n";
  }
  return text;
}

Json labelled_experiment(const Json& patch = Json::object()) {
  Json json = Json::parse(R"({
    "title": "Labels", "seeds": [1, 2],
    "model": {"family": "encoder", "d_model": 16, "max_length": 16, "dropout": 0, "residual": {"kind": "pre_norm"},
              "head": {"kind": "classes"}, "attention": {"heads": 2}, "feed_forward": {"d_ff": 32},
              "encoder": {"layers": 1}},
    "data": {"kind": "files", "reader": {"kind": "labelled_lines"}, "train": ["train.txt"], "dev": ["dev.txt"],
             "test": ["test.txt"], "tokenizer": {"kind": "words"}},
    "training": {"batch": {"tokens": 128}, "schedule": {"kind": "constant", "learning_rate": 1e-2, "warmup": 5},
                 "budget": {"steps": 60}, "evaluate_every": {"steps": 30}, "log_every": 20},
    "table": {"significance": {"kind": "paired_bootstrap", "samples": 200}},
    "rows": [{"name": "first"}, {"set": {"model.head.pooling": "mean"}}]})");
  json.merge_patch(patch);
  return json;
}

void write_labelled(const TemporaryFolder& folder) {
  folder.write("train.txt", labelled(0, 240));
  folder.write("dev.txt", labelled(300, 330));
  folder.write("test.txt", labelled(400, 440));
}

}  // namespace

TEST_CASE("labels: texts are classified, measured, tabled and labelled by a trained run", "[cli][slow]") {
  const TemporaryFolder folder;
  write_labelled(folder);
  write_experiment(folder, labelled_experiment());
  const Outcome trained = run_program(folder, run_arguments());
  CHECK_STATUS(trained, 0);
  CHECK(has(trained.messages, "train: 240 texts"));
  for (const char* part : {"Accuracy (%)", "Macro F1", "NLL (nats/text)", "pooling=mean", "resampled test sentences"}) {
    INFO(trained.out);
    CHECK(has(trained.out, part));
  }
  const auto runs = run_folders(folder);
  REQUIRE(runs.size() == 4);
  const std::string run = fs::relative(runs.front(), folder.path()).string();
  const Json split = measured(runs.front(), "test");
  CHECK(split["scores"]["label_accuracy"]["value"].get<double>() > 95);
  CHECK(split["texts"] == 40);
  CHECK_FALSE(split.contains("perplexity"));

  folder.write("lines.txt", "fine house waits\ndull river\nfine\n");
  const Outcome said = run_program(folder, {"classify", run, "--input", "lines.txt"});
  CHECK_STATUS(said, 0);
  CHECK(said.out == "1\n0\n1\n");
  const Outcome sure = run_program(folder, {"classify", run, "--input", "lines.txt", "--probabilities"});
  double sureness = 0;
  REQUIRE(std::sscanf(sure.out.c_str(), "1\t1=%lf\t0=", &sureness) == 1);
  CHECK(sureness > 0.5);
  CHECK_STATUS(run_program(folder, {"report", "experiment.json", "--output", "report.html"}), 0);
  const Outcome inspected = run_program(folder, {"inspect", run, "--sentence", "fine house"});
  CHECK_STATUS(inspected, 0);
  CHECK(has(inspected.out, ", dev nll "));
  CHECK_FALSE(has(inspected.out + trained.messages, "perplexity"));
  CHECK(has(inspected.out, "label   1"));
  CHECK(has(inspected.out, "encoder attention, layer 1"));
  CHECK_STATUS(run_program(folder, {"describe", "experiment.json"}), 0);
  const Outcome refused = run_program(folder, {"translate", run});
  CHECK_STATUS(refused, 2);
  CHECK_STATUS(run_program(folder, {"generate", run, "--prompt", "fine"}), 2);
}

TEST_CASE("labels: numbers of pairs of texts are learnt", "[cli][slow]") {
  const TemporaryFolder folder;
  const auto pairs = [](int from, int until) {
    std::string text;
    for (int i = from; i < until; ++i) text += i % 2 == 0 ? "a b\ta b\t5\n" : "a b\tc d\t1\n";
    return text;
  };
  folder.write("train.txt", pairs(0, 60));
  folder.write("dev.txt", pairs(0, 10));
  folder.write("test.txt", pairs(0, 12));
  write_experiment(folder, labelled_experiment(Json::parse(
                               R"({"seeds": [1], "model": {"head": {"kind": "number"}, "embedding": {"token_types": 2}},
        "data": {"reader": {"kind": "labelled_tsv", "second_columns": [1], "label_column": 2, "labels": "numbers"}},
        "table": {"significance": null}, "rows": [{"name": "one"}]})")));
  const Outcome trained = run_program(folder, run_arguments());
  CHECK_STATUS(trained, 0);
  CHECK(has(trained.out, "Pearson"));
  const auto runs = run_folders(folder);
  REQUIRE(runs.size() == 1);
  const Json split = measured(runs.front(), "test");
  CHECK(split["scores"]["pearson"]["value"].get<double>() > 95);
  CHECK(split.contains("squared_error"));
  CHECK(has(trained.messages, "dev squared error "));
  CHECK_FALSE(has(trained.messages, "dev nll"));
  const std::string run = fs::relative(runs.front(), folder.path()).string();
  const Outcome inspected = run_program(folder, {"inspect", run});
  CHECK_STATUS(inspected, 0);
  CHECK(has(inspected.out, ", dev squared error "));
  CHECK(has(inspected.out, "dev squared error over updates"));
  CHECK_FALSE(has(inspected.out, "perplexity"));
  const Outcome report = run_program(folder, {"report", "experiment.json", "--json"});
  CHECK_STATUS(report, 0);
  const Json reported = Json::parse(report.out)["rows"][0];
  CHECK(reported["loss_name"] == "squared error");
  CHECK(reported["loss_unit"] == "text");
  folder.write("lines.txt", "a b\ta b\na b\tc d\n");
  const Outcome said = run_program(folder, {"classify", run, "--input", "lines.txt"});
  CHECK_STATUS(said, 0);
  double same = 0, other = 0;
  REQUIRE(std::sscanf(said.out.c_str(), "%lf\n%lf", &same, &other) == 2);
  CHECK(same > other + 2);
  CHECK_STATUS(run_program(folder, {"classify", run, "--input", "lines.txt", "--probabilities"}), 2);
}

TEST_CASE("labels: hidden tokens of running text are learnt from both sides", "[cli][slow]") {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 60; ++i) text += "one two three four five six seven eight\n";
  folder.write("train.txt", text);
  folder.write("dev.txt", text.substr(0, 400));
  folder.write("test.txt", text.substr(0, 800));
  Json experiment = labelled_experiment(Json::parse(R"({"seeds": [1], "model": {"head": {"kind": "words"}},
        "data": {"reader": {"kind": "lines"}}, "objective": {"layout": "documents"},
        "training": {"budget": {"steps": 240}, "evaluate_every": {"steps": 120}},
        "table": {"significance": null}, "rows": [{"name": "one"}]})"));
  write_experiment(folder, experiment);
  const Outcome trained = run_program(folder, run_arguments());
  CHECK_STATUS(trained, 0);
  const auto runs = run_folders(folder);
  REQUIRE(runs.size() == 1);
  const Json split = measured(runs.front(), "test");
  CHECK(split["accuracy"].get<double>() > 80);
  CHECK_FALSE(split.contains("bits_per_byte"));
  const std::string run = fs::relative(runs.front(), folder.path()).string();
  CHECK_STATUS(run_program(folder, {"inspect", run, "--sentence", "one two"}), 0);
  CHECK_STATUS(run_program(folder, {"classify", run}), 2);
  CHECK_STATUS(run_program(folder, {"generate", run, "--prompt", "one"}), 2);

  experiment["objective"]["whole_words"] = true;
  write_experiment(folder, experiment);
  const Outcome refused = run_program(folder, run_arguments({"--dry-run"}));
  CHECK_STATUS(refused, 2);
  INFO(refused.messages);
  CHECK(has(refused.messages, "every token of this tokenizer is a word by itself"));
}

TEST_CASE("labels: what does not fit together is refused before training", "[cli]") {
  const TemporaryFolder folder;
  write_labelled(folder);
  const auto refused = [&](const char* patch, const char* message) {
    write_experiment(folder, labelled_experiment(Json::parse(patch)));
    const Outcome outcome = run_program(folder, run_arguments({"--dry-run"}));
    CHECK_STATUS(outcome, 2);
    INFO(outcome.messages);
    CHECK(has(outcome.messages, message));
  };
  refused(R"({"model": {"head": {"kind": "number"}}, "rows": [{}]})",
          "learns from texts with numbers, but the data holds texts with the names");
  refused(R"({"evaluation": {"metrics": ["bleu"]}})", "'bleu' is not for what the objective 'classification' says");
  refused(R"({"evaluation": {"metrics": ["pearson"]}})", "'pearson' is not for");
  refused(R"({"objective": {"kind": "causal_lm"}})",
          "'causal_lm' is not for the family 'encoder' with the head 'classes'");
  refused(R"({"model": {"head": {"classes": 3}}})", "model.head.classes: 3 is stated but the data has 2 classes");
  refused(R"({"model": {"head": {"kind": "pooled"}}, "rows": [{}]})", "'pooled' says nothing");
  refused(R"({"data": {"reverse": true}})", "labelled texts have no other side");
  refused(R"({"decoding": {"beam": 2}})", "decoding");
}
