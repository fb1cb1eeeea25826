#include "experiments/lab/row_label.h"

#include <nlohmann/json.hpp>

#include "tests/catch.h"

using namespace ablate;
using lab::short_setting;

TEST_CASE("label: a setting without the section's name, a kind without the word", "[lab]") {
  CHECK(short_setting("model.norm.kind", "rms_norm") == "norm=rms_norm");
  CHECK(short_setting("model.encoder.layers", 4) == "encoder.layers=4");
  CHECK(short_setting("training.schedule.warmup", 500) == "schedule.warmup=500");
  CHECK(short_setting("data.reverse", true) == "reverse=true");
  CHECK(short_setting("decoding.beam", 8) == "decoding.beam=8");
  CHECK(short_setting("training.clip_norm", 1.0) == "clip_norm=1");
  CHECK(short_setting("training.clip_norm", 0.5) == "clip_norm=0.5");
  CHECK(short_setting("training.clip_norm", nullptr) == "clip_norm=null");
}

TEST_CASE("label: every change, but not options that come and go with another", "[lab]") {
  const Json none(Json::value_t::discarded);
  const std::vector<config::Change> changes = {{"model.d_model", 64, 128},
                                               {"model.norm.kind", "layer_norm", "rms_norm"},
                                               {"model.norm.bias", false, none},
                                               {"training.schedule.kind", "noam", "constant"},
                                               {"training.schedule.learning_rate", none, 0.1},
                                               {"training.loss.smoothing", "all_words", none},
                                               {"training.clip_norm", nullptr, 1}};
  CHECK(lab::label_of(changes, Json::object()) == "d_model=128, norm=rms_norm, schedule=constant, clip_norm=1");
  const Json settings = {{"training", {{"schedule", {{"kind", "constant"}, {"learning_rate", 0.1}}}}}};
  CHECK(lab::label_of(changes, settings) ==
        "d_model=128, norm=rms_norm, schedule=constant, schedule.learning_rate=0.1, clip_norm=1");
  CHECK(lab::label_of({}, settings).empty());
}
