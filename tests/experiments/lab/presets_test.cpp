// The bases of experiments/base that are published models.
#include "experiments/lab/experiment.h"
#include "tests/catch.h"
#include "transformer/model/transformer.h"

using namespace ablate;

namespace {

/// The parameters of a preset of experiments/base, counted without allocating them.
std::int64_t count_preset(const std::string& name) {
  const ModelConfig model =
      lab::load_experiment(std::string(ABLATE_SOURCE_DIR) + "/experiments/base/" + name, {}).baseline().config.model;
  return count_parameters(model, {*model.vocabulary, *model.vocabulary, 0});
}

}  // namespace

TEST_CASE("published models have the parameters that were published", "[model][parameters]") {
  CHECK(count_preset("gpt2.json") == 124'439'808);
  CHECK(count_preset("llama3_8b.json") == 8'030'261'248);
  CHECK(count_preset("mistral_7b.json") == 7'241'732'096);
  CHECK(count_preset("t5_small.json") == 60'506'624);
  CHECK(count_preset("t5_base.json") == 222'903'552);
}
