#include "experiments/lab/experiment.h"

#include "tests/experiments/lab/experiment_file.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::lab::testing;
using Labels = std::vector<std::string>;

TEST_CASE("experiment: a file without rows is an experiment of one row", "[lab]") {
  const TemporaryFolder folder;
  const lab::Experiment experiment = load(folder, "");
  CHECK(experiment.title == "experiment");
  CHECK(experiment.seeds == std::vector<std::int64_t>{1});
  REQUIRE(experiment.rows.size() == 1);
  CHECK(experiment.rows[0].label == "baseline");
  CHECK(experiment.rows[0].is_baseline);
  CHECK(experiment.rows[0].config.training.budget.steps == 10);
}

TEST_CASE("experiment: a row sets dotted paths, nested objects, or both", "[lab]") {
  const TemporaryFolder folder;
  const lab::Experiment experiment = load(folder, R"("model": {"d_model": 64}, "rows": [
      {"name": "plain", "group": "first"},
      {"name": "dotted", "set": {"model.norm.kind": "rms_norm", "model.encoder.layers": 2}},
      {"name": "nested", "set": {"model": {"norm": {"kind": "rms_norm"}, "encoder": {"layers": 2},
                                           "max_length": 9}}},
      {"name": "mixed", "set": {"model.norm": {"kind": "rms_norm", "eps": 0.5}, "training.clip_norm": 1}}])");
  REQUIRE(labels(experiment) == Labels{"plain", "dotted", "nested", "mixed"});
  CHECK(experiment.rows[0].group == "first");
  for (std::size_t i = 1; i < 4; ++i) {
    CHECK(experiment.rows[i].config.model.norm.kind == "rms_norm");
    CHECK(experiment.rows[i].config.model.d_model == 64);
  }
  CHECK(experiment.rows[1].config.model.encoder.layers == 2);
  CHECK(experiment.rows[1].config.model.encoder.norm.kind == "rms_norm");
  CHECK(experiment.rows[2].config.model.encoder.layers == 2);
  CHECK(experiment.rows[3].config.model.norm.eps == 0.5);
  CHECK(experiment.rows[3].config.training.clip_norm == 1.0);
  CHECK(experiment.rows[0].config.training.clip_norm == std::nullopt);
}

TEST_CASE("experiment: a grid alone makes the product of its axes, the last one fastest", "[lab]") {
  const TemporaryFolder folder;
  const lab::Experiment experiment =
      load(folder, R"("grid": {"model.norm.kind": ["layer_norm", "rms_norm"], "model.encoder.layers": [6, 2]})");
  CHECK(labels(experiment) == Labels{"norm=layer_norm, encoder.layers=6", "norm=layer_norm, encoder.layers=2",
                                     "norm=rms_norm, encoder.layers=6", "norm=rms_norm, encoder.layers=2"});
  CHECK(experiment.rows[2].config.model.encoder.layers == 6);
  CHECK(experiment.rows[3].config.model.norm.kind == "rms_norm");
}

TEST_CASE("experiment: rows and a grid make every row at every point", "[lab]") {
  const TemporaryFolder folder;
  const lab::Experiment experiment = load(folder, R"("rows": [{"name": "relu"},
      {"name": "swiglu", "group": "gated", "set": {"model.feed_forward.kind": "swiglu"}}],
      "grid": {"training.clip_norm": [1, 5]}, "baseline": "relu, clip_norm=5")");
  CHECK(labels(experiment) ==
        Labels{"relu, clip_norm=1", "relu, clip_norm=5", "swiglu, clip_norm=1", "swiglu, clip_norm=5"});
  CHECK(experiment.baseline().label == "relu, clip_norm=5");
  CHECK(experiment.rows[3].group == "gated");
  CHECK(experiment.rows[3].config.model.feed_forward.kind == "swiglu");
  CHECK(experiment.rows[3].config.training.clip_norm == 5.0);
}

TEST_CASE("experiment: rows without a name are told apart in a grid by what they set", "[lab]") {
  const TemporaryFolder folder;
  const lab::Experiment experiment =
      load(folder, R"("rows": [{}, {"set": {"model.norm.kind": "rms_norm"}}], "grid": {"model.dropout": [0.1, 0.2]})");
  CHECK(labels(experiment) == Labels{"unchanged, dropout=0.1", "unchanged, dropout=0.2", "norm=rms_norm, dropout=0.1",
                                     "norm=rms_norm, dropout=0.2"});
}

TEST_CASE("experiment: the baseline is a row by name, and labels say what differs from it", "[lab]") {
  const TemporaryFolder folder;
  const std::string rows = R"("rows": [{"set": {"model.d_model": 256}},
      {"name": "small", "set": {"model.d_model": 128}},
      {"set": {"model.d_model": 128, "model.norm.kind": "rms_norm"}}])";
  const lab::Experiment experiment = load(folder, rows + R"(, "baseline": "small")");
  CHECK(labels(experiment) == Labels{"d_model=256", "small", "norm=rms_norm"});
  CHECK(experiment.baseline().label == "small");
  CHECK_FALSE(experiment.rows[0].is_baseline);
  REQUIRE(experiment.rows[0].changes.size() == 1);
  CHECK(experiment.rows[0].changes[0].path == "model.d_model");
  CHECK(experiment.rows[0].changes[0].before == 128);

  CHECK(load(folder, rows).baseline().label == "baseline");
  const std::string error = errors_of(folder, rows + R"(, "baseline": "smal")");
  CHECK(line_with(error, "baseline").find("did you mean 'small'?") != std::string::npos);
}

TEST_CASE("experiment: a list of files to extend, the later ones winning", "[lab]") {
  const TemporaryFolder folder;
  folder.write("base/a.json", R"({"model": {"d_model": 64, "max_length": 9}, "training": {"budget": {"steps": 1}}})");
  folder.write("base/b.json", R"({"extends": "a.json", "model": {"d_model": 32}, "seeds": [1, 2]})");
  folder.write("c.json", R"({"model": {"dropout": 0.3}, "seeds": [3]})");
  const auto file = folder.write("e.json", R"({"extends": ["base/b.json", "c.json"], "training": {"clip_norm": 1}})");
  const lab::Experiment experiment = lab::load_experiment(file, {});
  const lab::RunConfig& config = experiment.rows.at(0).config;
  CHECK(config.model.d_model == 32);
  CHECK(config.model.max_length == 9);
  CHECK(config.model.dropout == 0.3);
  CHECK(config.training.budget.steps == 1);
  CHECK(config.training.clip_norm == 1.0);
  CHECK(experiment.seeds == std::vector<std::int64_t>{3});

  folder.write("base/a.json", R"({"extends": "../e.json"})");
  CHECK_THROWS_MENTION(lab::load_experiment(file, {}), "circle");
  CHECK_THROWS_MENTION(lab::load_experiment(file, {}), "a.json");
}

TEST_CASE("experiment: --set stands on top of every row, the last one winning", "[lab]") {
  const TemporaryFolder folder;
  const std::string keys = R"("rows": [{"name": "a"}, {"name": "b", "set": {"model.norm.kind": "rms_norm",
                                                                   "training.budget.steps": 20}}])";
  const lab::Experiment experiment = load(
      folder, keys,
      {"training.budget.steps=5", "training.budget.steps=7", "seeds=[4,5]", "model.position.kind=rotary", "title=T"});
  for (const lab::ExperimentRow& row : experiment.rows) {
    CHECK(row.config.training.budget.steps == 7);
    CHECK(row.config.model.decoder.position.kind == "rotary");
  }
  CHECK(experiment.seeds == std::vector<std::int64_t>{4, 5});
  CHECK(experiment.title == "T");

  CHECK(line_with(errors_of(folder, keys, {"model.d_modle=3"}), "--set").find("'d_model'") != std::string::npos);
  CHECK(line_with(errors_of(folder, keys, {"traning.clip_norm=3"}), "--set").find("training") != std::string::npos);
  CHECK(errors_of(folder, keys, {"training.clip_norm"}).find("path=value") != std::string::npos);
}

TEST_CASE("experiment: comments are allowed", "[lab]") {
  const TemporaryFolder folder;
  const auto file =
      folder.write("e.json", "// why\n{\"training\": {/* how long */ \"budget\": {\"steps\": 3}}} // end\n");
  CHECK(lab::load_experiment(file, {}).rows[0].config.training.budget.steps == 3);
}

TEST_CASE("experiment: settings of an old kind are dropped with a note, unless written with the new one", "[lab]") {
  const TemporaryFolder folder;
  const std::string base = R"("model": {"norm": {"kind": "layer_norm", "bias": false}}, "rows": [{"name": "a"}, )";
  const lab::Experiment experiment = load(folder, base + R"({"name": "b", "set": {"model.norm.kind": "rms_norm"}}])");
  CHECK(experiment.rows[0].notes.empty());
  REQUIRE(experiment.rows[1].notes.size() == 1);
  CHECK(experiment.rows[1].notes[0].find("model.norm.bias: dropped") == 0);
  const std::string error =
      errors_of(folder, base + R"({"name": "b", "set": {"model.norm": {"kind": "rms_norm", "bias": true}}}])");
  CHECK(line_with(error, "model.norm.bias").find("has no effect with kind 'rms_norm'") != std::string::npos);
}

TEST_CASE("experiment: rows that are alike are refused", "[lab]") {
  const TemporaryFolder folder;
  CHECK(errors_of(folder, R"("rows": [{"name": "a"}, {"name": "b", "set": {"model.d_model": 512}}])")
            .find("'a' and 'b' are the same configuration") != std::string::npos);
  CHECK(errors_of(folder, R"("rows": [{"name": "a"}, {"name": "a", "set": {"model.d_model": 64}}])")
            .find("'a' and 'a' have the same name") != std::string::npos);
  CHECK(errors_of(folder, R"("rows": [{"name": "a"},
                              {"name": "b", "set": {"training.log_every": 7, "evaluation.batch_tokens": 9}}])")
            .find("'a' and 'b' would be the same runs with the same figures: they differ in training.log_every, "
                  "evaluation.batch_tokens alone") != std::string::npos);
  CHECK(errors_of(folder, R"("grid": {"model.d_model": [64, 64]})").find("grid.model.d_model: 64 stands there twice") !=
        std::string::npos);
}

TEST_CASE("experiment: what is no list of rows, no grid, no seeds", "[lab]") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& keys, const std::string& where) {
    const std::string errors = errors_of(folder, keys);
    INFO(keys << " -> " << errors);
    CHECK(errors.find("experiment.json: " + where) != std::string::npos);
  };
  refused(R"("rows": [])", "rows: ");
  refused(R"("rows": {"a": 1})", "rows: ");
  refused(R"("rows": ["a"])", "rows[0]: ");
  refused(R"("rows": [{"name": "a"}, {"set": 3}])", "rows[1]: set: ");
  refused(R"("grid": {})", "grid: ");
  refused(R"("grid": {"model.d_model": 3})", "grid.model.d_model: ");
  refused(R"("rows": [{"name": "a"}, {"name": "b", "set": {"model.d_model": 64}}], "grid": {"model.d_model": [8, 16]})",
          "grid.model.d_model: would override what the row 'b' or another axis sets");
  refused(R"("grid": {"model.norm.kind": ["none"], "model": [{"norm": {"kind": "rms_norm"}}]})",
          "grid.model: would override");
  refused(R"("seeds": [])", "seeds: ");
  refused(R"("seeds": [1, 2, 1])", "seeds: 1 stands there twice");
  refused(R"("seeds": [-1])", "seeds[0]: ");
  refused(R"("rows": [{"name": " "}])", "rows[0]: name: is blank");
  refused(R"("rows": [{"name": ""}])", "rows[0]: name: is blank");
  refused(R"("table": {"metrics": ["nll@dev", "blue@test"]})", "table.metrics: no row measures 'blue'");
  refused(R"("table": {"differences": ["blue@test=1"]})", "table.differences: no row measures 'blue'");
  refused(R"("table": {"differences": ["bleu@test"]})", "table.differences: 'bleu@test' is no column");
  refused(R"("table": {"significance": {"kind": "welch"}})", "table.significance: Welch's test needs two seeds");
  refused(R"("table": {"significance": {"kind": "welsh"}})",
          "table.significance.kind: unknown significance 'welsh' (did you mean 'welch'?)");
  refused(R"("seeds": [1, 2], "table": {"significance": {"kind": "welch", "samples": 5}})",
          "table.significance.samples: has no effect");
  CHECK(errors_of(folder, R"("rows": [{"name": "a", "set": {"training.vary": {"initialization": false,
                         "data_order": false, "dropout": false}}}])")
            .find("something must differ between seeds") != std::string::npos);
  refused(R"("evaluation": {"metrics": ["bleu", "bleu"]})", "evaluation.metrics: 'bleu' stands there twice");
  refused(R"("evaluation": {"splits": ["dev", "dev"]})", "evaluation.splits: 'dev' stands there twice");
  refused(R"("decoding": {"min_length": 512})", "decoding.min_length: no target");
  refused(R"("model": {"initialization": {"embedding": {"bias": "zeros"}}})",
          "model.initialization.embedding.bias: unknown key");
  refused(R"("seeds": "1")", "seeds: ");
}

TEST_CASE("experiment: all errors of a file at once, each with file, path and suggestion", "[lab]") {
  const TemporaryFolder folder;
  const auto base = folder.write("base.json", R"({"model": {"d_modle": 64, "dropout": 1.5}})");
  const auto file = folder.write("e.json", R"({"extends": "base.json", "titel": "x", "seeds": [1, 1],
      "training": {"budget": {"steps": "many"}, "clip_norm": true},
      "decoding": {"kind": "greedy", "beam": 4}, "evaluation": {"metrics": ["blue"]},
      "rows": [{"name": "a"}, {"nmae": "b"},
               {"name": "c", "set": {"model.norm.kind": "rms_nrom", "modle.d_model": 3}}]})");
  const std::string errors = errors_of(file);
  const auto told = [&](const std::string& where, const std::string& path, const std::string& what) {
    const std::string line = line_with(errors, path);
    INFO(path << " in\n" << errors);
    CHECK(line.find(where) == 0);
    CHECK(line.find(what) != std::string::npos);
  };
  told(base.string() + ": ", "model.d_modle", "did you mean 'd_model'?");
  told(base.string() + ": ", "model.dropout", "from 0 to below 1, not 1.5");
  told(file.string() + ": ", "titel", "did you mean 'title'?");
  told(file.string() + ": ", "seeds", "twice");
  told(file.string() + ": ", "training.budget.steps", "expected a whole number, got the text \"many\"");
  told(file.string() + ": ", "training.clip_norm", "expected a number, got true");
  told(file.string() + ": ", "decoding.beam", "has no effect with kind 'greedy'");
  told(file.string() + ": ", "evaluation.metrics", "blue");
  told(file.string() + ": rows[1]", "nmae", "did you mean 'name'?");
  told(file.string() + " (row 'c'): ", "model.norm.kind", "did you mean 'rms_norm'?");
  told(file.string() + " (row 'c'): ", ": modle", "did you mean 'model'?");
}

TEST_CASE("experiment: an error of one row, axis or --set hides no other", "[lab]") {
  const TemporaryFolder folder;
  const std::string errors = errors_of(folder, R"("titel": "x", "baseline": "d",
      "rows": [{"name": "a"}, {"name": "a"}, {"name": "b", "set": {"model.d_model": 8, "model": {"d_model": 16}}},
               {"name": "c", "set": {"model.d_modle": 3}}], "grid": {"model..dropout": [0.1]})",
                                       {"seeds", "model={\"d_model\":1,\"d_model\":2}"});
  INFO(errors);
  for (const char* part :
       {"titel: unknown key", "baseline: no row has the name 'd'", "'a' and 'a' have the same name",
        "rows[2].set: model: d_model: set twice", "model.d_modle: unknown key", "'model..dropout' is not a path",
        "--set seeds: expected path=value", "--set model: d_model: the key stands twice"}) {
    INFO(part);
    CHECK(errors.find(part) != std::string::npos);
  }
}

TEST_CASE("experiment: the baseline may be the label that a row is given", "[lab]") {
  const TemporaryFolder folder;
  const lab::Experiment experiment = load(folder, R"("grid": {"model.d_model": [64, 128]}, "baseline": "d_model=128")");
  CHECK(labels(experiment) == Labels{"d_model=64", "d_model=128"});
  CHECK(experiment.baseline().label == "d_model=128");
}

TEST_CASE("experiment: rows are selected by label, commas in it included", "[lab]") {
  const TemporaryFolder folder;
  const lab::Experiment experiment = load(folder, R"("rows": [{"name": "a"},
      {"set": {"model.norm.kind": "rms_norm", "training.clip_norm": 1}},
      {"name": "b", "set": {"model.d_model": 8}}])");
  CHECK(experiment.select({}).size() == 3);
  const auto selected = experiment.select({"b", "norm=rms_norm", " clip_norm=1"});
  REQUIRE(selected.size() == 2);
  CHECK(selected[0]->label == "norm=rms_norm, clip_norm=1");
  CHECK(selected[1]->label == "b");
  CHECK_THROWS_AS(experiment.select({"norm=rms_norm"}), UserError);
  CHECK_THROWS_MENTION(experiment.select({"norm=rms_norm, clip_norm=2"}), "did you mean 'norm=rms_norm, clip_norm=1'?");
}
