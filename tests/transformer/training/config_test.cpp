#include "transformer/training/config.h"

#include "tests/catch.h"
#include "transformer/config/document.h"
#include "transformer/config/reader.h"

using namespace ablate;

namespace {

struct Told {
  TrainingConfig training;
  std::vector<std::string> errors;
};

Told told(const char* text) {
  config::Document document;
  document.add({config::expand_dotted(config::parse_json(text, "test.json"), "test.json"), "test.json"});
  config::Problems problems;
  Told result;
  config::Reader(document, problems).read(result.training);
  result.errors = problems.errors();
  return result;
}

/// The only error that a section has.
std::string error(const char* text) {
  const std::vector<std::string> errors = told(text).errors;
  INFO(text);
  CHECK(errors.size() == 1);
  return errors.empty() ? "" : errors.front();
}

void check_error(const char* text, const char* key, const char* what) {
  const std::string message = error(text);
  INFO(message);
  CHECK(message.find(key) != std::string::npos);
  CHECK(message.find(what) != std::string::npos);
}

}  // namespace

TEST_CASE("a training section is read", "[training][config]") {
  const Told all = told(R"({"optimizer": {"kind": "adamw", "beta2": 0.999, "weight_decay": 0.01},
      "schedule": {"kind": "cosine", "learning_rate": 0.002, "warmup": 100, "final_learning_rate": 1e-5},
      "loss": {"label_smoothing": 0.2, "smoothing": "other_words"}, "clip_norm": 1, "accumulate": 4,
      "precision": "bf16", "budget.epochs": 30, "evaluate_every.steps": 500, "patience": 5,
      "checkpoints": {"keep_last": 5, "keep_best": 2}, "log_every": 10})");
  CHECK(all.errors.empty());
  const TrainingConfig& training = all.training;
  CHECK(training.optimizer.kind == "adamw");
  CHECK(training.optimizer.beta2 == 0.999);
  CHECK(training.optimizer.weight_decay == 0.01);
  CHECK(training.schedule.kind == "cosine");
  CHECK(training.schedule.final_learning_rate == 1e-5);
  CHECK(training.loss.smoothing == "other_words");
  CHECK(training.clip_norm == 1);
  CHECK(training.accumulate == 4);
  CHECK(precision_table().at(training.precision) == Precision::bf16);
  CHECK(training.budget.epochs == 30);
  CHECK(training.evaluate_every.steps == 500);
  CHECK(training.patience == 5);
  CHECK(training.checkpoints.keep_last == 5);
  CHECK(training.checkpoints.keep_best == 2);
}

TEST_CASE("the default training is that of the paper", "[training][config]") {
  const Told all = told(R"({"budget.steps": 100000})");
  CHECK(all.errors.empty());
  CHECK(all.training.optimizer.kind == "adam");
  CHECK(all.training.optimizer.beta1 == 0.9);
  CHECK(all.training.optimizer.beta2 == 0.98);
  CHECK(all.training.optimizer.eps == 1e-9);
  CHECK(all.training.schedule.kind == "noam");
  CHECK(all.training.schedule.warmup == 4000);
  CHECK(all.training.loss.label_smoothing == 0.1);
  CHECK(all.training.loss.smoothing == "all_words");
}

TEST_CASE("laws of the training section", "[training][config]") {
  // A model can be described without it; whoever trains asks.
  TrainingConfig training;
  CHECK(training.missing().find("when training ends") != std::string::npos);
  training.budget.minutes = 0.5;
  CHECK(training.missing().empty());
  check_error(R"({"budget.tokens": 1000, "schedule.kind": "linear"})", "schedule.decay_steps", "must know its end");
  check_error(R"({"budget.steps": 9, "schedule": {"kind": "linear", "warmup": 9}})", "schedule.warmup",
              "the rate would never decay");
  CHECK(told(R"({"budget.steps": 9, "schedule": {"kind": "linear", "warmup": 8}})").errors.empty());
  check_error(R"({"budget.steps": 9, "evaluate_every": {"steps": 1, "epochs": 1}})", "evaluate_every", "not both");
  check_error(R"({"budget.steps": 9, "optimizer": {"kind": "sgd", "nesterov": true}})", "nesterov", "momentum");
  CHECK(told(R"({"budget.tokens": 1000, "schedule": {"kind": "linear", "warmup": 7, "decay_steps": 70}})")
            .errors.empty());
  CHECK(told(R"({"budget.minutes": 0.5})").errors.empty());
}

TEST_CASE("keys of the training section that are out of range or have no effect", "[training][config]") {
  check_error(R"({"budget.steps": 9, "accumulate": 0})", "accumulate", "at least 1");
  check_error(R"({"budget.steps": 9, "loss.label_smoothing": 1})", "loss.label_smoothing", "below 1");
  check_error(R"({"budget.steps": 9, "clip_norm": 0})", "clip_norm", "above 0");
  check_error(R"({"budget.steps": 9, "optimizer": {"kind": "sgd", "beta1": 0.9}})", "optimizer.beta1", "sgd");
  check_error(R"({"budget.steps": 9, "optimizer": {"kind": "adam", "momentum": 0.9}})", "optimizer.momentum", "adam");
  check_error(R"({"budget.steps": 9, "schedule.learning_rate": 0.1})", "schedule.learning_rate", "noam");
  check_error(R"({"budget.steps": 9, "schedule": {"kind": "constant", "factor": 2}})", "schedule.factor", "constant");
  check_error(R"({"budget.steps": 9, "loss": {"label_smoothing": 0, "smoothing": "all_words"}})", "loss.smoothing",
              "has no effect with label_smoothing 0");
  check_error(R"({"budget.steps": 9, "schedule": {"kind": "linear", "warmup": 0, "initial_learning_rate": 0.1}})",
              "schedule.initial_learning_rate", "has no effect with warmup 0");
  check_error(R"({"budget.steps": 9, "schedule": {"kind": "cosine", "warmup": 50, "decay_steps": 50}})",
              "schedule.decay_steps", "before it begins");
}

TEST_CASE("a later layer that turns a feature off drops its earlier options", "[training][config]") {
  config::Document document;
  document.add({config::parse_json(R"({"budget": {"steps": 9}, "loss": {"smoothing": "other_words"},
      "schedule": {"kind": "linear", "initial_learning_rate": 0.1}})",
                                   "base"),
                "base"});
  document.add({config::parse_json(R"({"loss": {"label_smoothing": 0}, "schedule": {"warmup": 0}})", "row"), "row"});
  config::Problems problems;
  TrainingConfig training;
  config::Reader(document, problems).read(training);
  CHECK(problems.errors().empty());
  CHECK(problems.notes().size() == 2);
}

TEST_CASE("names of no table are errors with a suggestion", "[training][config]") {
  check_error(R"({"budget.steps": 9, "schedule.kind": "cosin"})", "schedule.kind", "cosine");
  check_error(R"({"budget.steps": 9, "optimizer.kind": "adamww"})", "optimizer.kind", "adamw");
  check_error(R"({"budget.steps": 9, "loss.smoothing": "all"})", "loss.smoothing", "all_words");
  check_error(R"({"budget.steps": 9, "precision": "fp16"})", "precision", "fp32");
}
