#include <nlohmann/json.hpp>

#include <filesystem>

#include "tests/experiments/cli/support.h"
#include "transformer/config/json.h"
#include "transformer/core/error.h"

using namespace ablate;
using testing::output_of;
using testing::TemporaryFolder;

namespace {

std::string describe(const std::vector<std::string>& arguments) { return output_of(cli::describe_command, arguments); }

/// A model of 8 coordinates and 20 types; the second row changes a kind and so drops an option.
constexpr const char* experiment = R"({
  "title": "Norms",
  "model": {"vocabulary": 20, "d_model": 8, "max_length": 64, "norm": {"kind": "layer_norm", "eps": 1e-6},
            "attention": {"heads": 2}, "feed_forward": {"d_ff": 16}, "encoder": {"layers": 2},
            "decoder": {"layers": 1}},
  "training": {"budget": {"steps": 10}},
  "baseline": "layer",
  "rows": [{"name": "no norm", "set": {"model.norm.kind": "none"}}, {"name": "layer"}]
})";

}  // namespace

TEST_CASE("describe command: the baseline, with its settings, modules, parameters and FLOPs", "[cli]") {
  const TemporaryFolder folder;
  const std::string text = describe({folder.write("norms.json", experiment)});
  CHECK_CONTAINS(text, "# Norms: layer (baseline)");
  CHECK_CONTAINS(text, "rows: 'no norm', 'layer'");
  CHECK_FALSE(testing::contains(text, "## Difference"));
  CHECK_FALSE(testing::contains(text, "## Dropped"));

  const std::size_t start = text.find("{\n"), end = text.find("\n}\n", start);
  const Json settings = Json::parse(text.substr(start, end + 2 - start));
  CHECK(settings["model"]["norm"]["eps"] == 1e-6);
  CHECK(settings["model"]["d_model"] == 8);

  // Attention 4 (8 x 8 + 8) = 288, feed-forward 2 x 8 x 16 + 16 + 8 = 280, a norm 16.
  // Encoder 2 (288 + 280 + 2 x 16) = 1200, decoder 2 x 288 + 280 + 3 x 16 = 904, embeddings 20 x 8 = 160.
  CHECK_CONTAINS(text, "parameters: 2,264 = 160 in embeddings");
  CHECK_CONTAINS(text, "+ 2,104\n");
  CHECK_CONTAINS(text, "0 … 1");
  CHECK_CONTAINS(text, "each, 2 times");

  // Per token and layer: attention 2 x (4 x 8 x 8 + 32 x 16) = 1536, feed-forward 2 x 2 x 8 x 16 = 512.
  CHECK_CONTAINS(text, "encoder        4.10 k per source token");
  CHECK_CONTAINS(text, "decoder        3.58 k per target token");
  CHECK_CONTAINS(text, "output layer   320 per target token");
  CHECK_CONTAINS(text, "all            8.00 k per target token");
  CHECK_CONTAINS(text, "32 source and 32 target tokens");
}

TEST_CASE("describe command: another row says what it changes and what it drops", "[cli]") {
  const TemporaryFolder folder;
  const std::string text = describe({folder.write("norms.json", experiment), "--row", "no norm"});
  CHECK_CONTAINS(text, "# Norms: no norm\n");
  CHECK_CONTAINS(text, "## Difference to the baseline 'layer'");
  CHECK_CONTAINS(text, "model.norm.kind: \"layer_norm\" -> \"none\"\n");
  CHECK_CONTAINS(text, "model.norm.eps: 1e-06 -> (none)\n");
  CHECK_CONTAINS(text, "## Dropped\n\nmodel.norm.eps: dropped:");
  CHECK_CONTAINS(text, "parameters: 2,152 = 160 in embeddings");
}

TEST_CASE("describe command: settings from the command line act on every row", "[cli]") {
  const TemporaryFolder folder;
  const std::string file = folder.write("norms.json", experiment);
  const std::string text = describe({file, "--set", "model.vocabulary=30", "--set", "model.embedding.tying=none"});
  CHECK_CONTAINS(text, "parameters: 2,824 = 720 in embeddings");
  CHECK_CONTAINS(describe({file, "--set", "model.max_length=16"}), "16 source and 16 target tokens");
}

TEST_CASE("describe command: without model.vocabulary the data tells the sizes", "[cli]") {
  const TemporaryFolder folder;
  // Three digits and four special symbols.
  const std::string file = folder.write("copy.json", R"({
    "model": {"d_model": 8, "attention": {"heads": 2}, "encoder": {"layers": 1}, "decoder": {"layers": 1}},
    "data": {"kind": "task", "task": {"kind": "copy", "vocabulary": 3, "min_length": 4, "max_length": 6,
             "train": 50, "dev": 10, "test": 10}},
    "training": {"budget": {"steps": 10}}})");
  CHECK_CONTAINS(describe({file, "--out", folder / "runs"}), "= 56 in embeddings");
  CHECK_CONTAINS(describe({file, "--out", folder / "runs"}), "(7, 8)");
}

TEST_CASE("describe command: mistakes", "[cli]") {
  const TemporaryFolder folder;
  const std::string file = folder.write("norms.json", experiment);
  CHECK_THROWS_MENTION(describe({}), "file is missing");
  CHECK_THROWS_MENTION(describe({folder / "none.json"}), "there is no such file");
  CHECK_THROWS_MENTION(describe({file, "--row", "no norms"}), "did you mean 'no norm'");
  CHECK_THROWS_MENTION(describe({file, "--set", "model.norm.knid=none"}), "did you mean 'kind'");
  CHECK_THROWS_AS(describe({file, "--set", "model.norm.knid=none"}), UserError);
  CHECK_THROWS_MENTION(describe({file, "--set", "model.norm"}), "expected path=value");
  const std::string no_data = folder.write("no_data.json", R"({"training": {"budget": {"steps": 10}}})");
  CHECK_THROWS_MENTION(describe({no_data, "--out", folder / "runs"}), "no_data.json");
}

TEST_CASE("describe command: a matched row has the width that it is trained with", "[cli]") {
  const TemporaryFolder folder;
  const std::string matched = R"({"model": {"vocabulary": 20, "d_model": 8, "attention": {"heads": 2},
      "feed_forward": {"d_ff": 24, "bias": false}, "encoder": {"layers": 1}, "decoder": {"layers": 1}},
      "training": {"budget": {"steps": 10}}, "match": {"by": "parameters"},
      "rows": [{"name": "relu"}, {"name": "swiglu", "set": {"model.feed_forward.kind": "swiglu"}}]})";
  const auto file = folder.write("matched.json", matched);
  const std::string text = describe({file, "--row", "swiglu"});
  CHECK_CONTAINS(text, "model.feed_forward.d_ff: 24 -> 16");
  const auto parameters = [](const std::string& shown) {
    const std::size_t start = shown.find("\nparameters: ");
    return shown.substr(start, shown.find(" =", start) - start);
  };
  CHECK(parameters(text) == parameters(describe({file})));
}
