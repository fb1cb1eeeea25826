// The experiment files of the project, and the bases among them that are published models.
#include "experiments/lab/experiment.h"

#include <cmath>
#include <filesystem>

#include "tests/catch.h"
#include "transformer/model/transformer.h"

using namespace ablate;

namespace {

ModelConfig preset(const std::string& name) {
  return lab::load_experiment(std::string(ABLATE_SOURCE_DIR) + "/experiments/base/" + name, {}).baseline().config.model;
}

/// The parameters of a preset of experiments/base, counted without allocating them.
std::int64_t count_preset(const std::string& name) {
  const ModelConfig model = preset(name);
  return count_parameters(model, {*model.vocabulary, *model.vocabulary, 0});
}

}  // namespace

// With vocabulary V, width D, inner width F and N layers: an attention with biases has 4 (D D + D), a unit of two
// matrices with biases 2 D F + F + D, a layer norm 2 D.
TEST_CASE("published models have the parameters that were published", "[model][parameters]") {
  CHECK(count_preset("gpt2.json") == 124'439'808);
  // V D + 1024 D + N (attention + unit + 2 norms) + norm, D = 1024, 1280, 1600, F = 4 D, N = 24, 36, 48:
  // 51,463,168 + 1,048,576 + 24 * 12,596,224 + 2,048
  CHECK(count_preset("gpt2_medium.json") == 354'823'168);
  // 64,328,960 + 1,310,720 + 36 * 19,677,440 + 2,560
  CHECK(count_preset("gpt2_large.json") == 774'030'080);
  // 80,411,200 + 1,638,400 + 48 * 30,740,800 + 3,200
  CHECK(count_preset("gpt2_xl.json") == 1'557'611'200);
  CHECK(count_preset("llama3_8b.json") == 8'030'261'248);
  CHECK(count_preset("mistral_7b.json") == 7'241'732'096);
  CHECK(count_preset("t5_small.json") == 60'506'624);
  CHECK(count_preset("t5_base.json") == 222'903'552);
  // V D + N (4 D D + 2 D F + 2 D) + N (8 D D + 2 D F + 3 D) + 2 D + 2 * 32 buckets * 16 heads, D = 1024, N = 24:
  // 32,899,072 + 24 * 12,584,960 + 24 * 16,780,288 + 2,048 + 1,024
  CHECK(count_preset("t5_large.json") == 737'668'096);
  CHECK(count_preset("bert_base.json") == 109'482'240);
  // (50,265 words + 514 positions + 1 type + 2) D + 12 * 7,087,872 + the pooler's D D + D, D = 768:
  // 39,000,576 + 85,054,464 + 590,592
  CHECK(count_preset("roberta_base.json") == 124'645'632);
  // (30,000 words + 512 positions + 2 types + 2) 128 + 128 D + D + one layer of 7,087,872 + the pooler's D D + D:
  // 3,906,048 + 99,072 + 7,087,872 + 590,592
  CHECK(count_preset("albert_base.json") == 11'683'584);
  // (V + 2 * 1026 positions + 2 * 2) D + N encoder layers + N decoder layers, which have a second attention and norm:
  // 40,182,528 + 6 * 7,087,872 + 6 * 9,451,776
  CHECK(count_preset("bart_base.json") == 139'420'416);
  // 53,576,704 + 12 * 12,596,224 + 12 * 16,796,672
  CHECK(count_preset("bart_large.json") == 406'291'456);
  // 2 V D + 32 (2 D D + 2 D D / 4 + 8 experts * 3 D F + 8 D + 2 D) + D, D = 4096, F = 14336:
  // 262,144,000 + 32 * 1,451,270,144 + 4,096
  CHECK(count_preset("mixtral_8x7b.json") == 46'702'792'704);
}

TEST_CASE("the experiments of single tasks can be read, and compare what they say", "[lab]") {
  for (const char* name : {"wikitext2", "tinystories", "cmudict", "sigmorphon2018"}) {
    INFO(name);
    const auto experiment =
        lab::load_experiment(std::string(ABLATE_SOURCE_DIR) + "/experiments/" + name + "/experiment.json", {});
    CHECK(experiment.rows.size() == 4);
    CHECK(experiment.seeds.size() == 3);
    CHECK(experiment.rows.front().is_baseline);
  }
}

TEST_CASE("every experiment file of the project can be read", "[lab]") {
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(ABLATE_SOURCE_DIR) / "experiments")) {
    if (entry.path().extension() != ".json") continue;
    INFO(entry.path().string());
    CHECK_NOTHROW(lab::load_experiment(entry.path(), {}));
    ++files;
  }
  CHECK(files > 40);
}

TEST_CASE("published models have the settings that do not show in their parameters", "[model][parameters]") {
  const ModelConfig llama = preset("llama3_8b.json");
  CHECK(llama.decoder.norm.eps == 1e-5);
  CHECK(llama.decoder.position.base == 500'000);
  CHECK(llama.decoder.position.pairing == "half");
  CHECK(llama.max_length == 8192);
  const ModelConfig mistral = preset("mistral_7b.json");
  CHECK(mistral.decoder.attention.window == 4096);
  CHECK(mistral.max_length == 8192);
  const ModelConfig t5 = preset("t5_base.json");
  CHECK(t5.encoder.attention.scale == 1.0);
  CHECK(t5.decoder.cross_attention.scale == 1.0);
  CHECK(t5.embedding.output_scale == "inverse_sqrt_d_model");
  CHECK(t5.encoder.norm.eps == 1e-6);
  CHECK(t5.initialization.query.kind == "d_model_normal");
  CHECK(t5.initialization.query.gain == 0.125);
  const ModelConfig gpt2 = preset("gpt2.json");
  CHECK(gpt2.decoder.feed_forward.kind == "gelu_tanh");
  CHECK(gpt2.embedding.scale == "one");
  CHECK(preset("gpt2_xl.json").initialization.attention_output.std == Approx(0.02 / std::sqrt(2 * 48)).epsilon(1e-5));
  const ModelConfig roberta = preset("roberta_base.json");
  CHECK(roberta.encoder.norm.eps == 1e-5);
  CHECK(roberta.embedding.norm.eps == 1e-5);
  CHECK(roberta.encoder.position.count == "real_tokens");
  const ModelConfig albert = preset("albert_base.json");
  CHECK(albert.encoder.feed_forward.kind == "gelu_tanh");
  CHECK(albert.encoder.attention.dropout == 0);
  const ModelConfig mixtral = preset("mixtral_8x7b.json");
  CHECK(mixtral.decoder.position.base == 1e6);
  CHECK_FALSE(mixtral.decoder.attention.window.has_value());
  CHECK(mixtral.decoder.feed_forward.experts.per_token == 2);
}
