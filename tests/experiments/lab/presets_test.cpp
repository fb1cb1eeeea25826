// The bases of experiments/base that are published models.
#include "experiments/lab/experiment.h"
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

TEST_CASE("published models have the parameters that were published", "[model][parameters]") {
  CHECK(count_preset("gpt2.json") == 124'439'808);
  CHECK(count_preset("llama3_8b.json") == 8'030'261'248);
  CHECK(count_preset("mistral_7b.json") == 7'241'732'096);
  CHECK(count_preset("t5_small.json") == 60'506'624);
  CHECK(count_preset("t5_base.json") == 222'903'552);
  CHECK(count_preset("bert_base.json") == 109'482'240);
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
}
