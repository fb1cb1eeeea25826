// What the tests of training share: batches of a copying task, a small model, and a run that can be stopped,
// killed and taken up again by a fresh process' worth of objects.
#pragma once

#include "transformer/training/trainer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "tests/temporary_folder.h"
#include "tests/transformer/model/configs.h"
#include "transformer/core/random.h"
#include "transformer/training/trainer_state.h"

namespace ablate::testing {

using Sentence = std::vector<std::int64_t>;

constexpr std::int64_t pad_id = tiny_vocabulary.pad, end_id = 2, start_id = 3;

/// (rows, longest row), padded on the right.
inline Tensor padded(const std::vector<Sentence>& rows) {
  std::size_t longest = 0;
  for (const Sentence& row : rows) longest = std::max(longest, row.size());
  std::vector<Sentence> filled = rows;
  for (Sentence& row : filled) row.resize(longest, pad_id);
  return tokens(filled);
}

/// Each sentence is its own translation.
inline Batch copy_batch(const std::vector<Sentence>& sentences) {
  std::vector<Sentence> closed, opened;
  Batch batch;
  for (const Sentence& sentence : sentences) {
    closed.push_back(sentence);
    closed.back().push_back(end_id);
    opened.push_back({start_id});
    opened.back().insert(opened.back().end(), sentence.begin(), sentence.end());
    batch.target_tokens += static_cast<std::int64_t>(closed.back().size());
  }
  batch.source = padded(closed);
  batch.target_output = batch.source.masked_fill(batch.source.eq(pad_id), no_target);
  batch.target_input = padded(opened);
  batch.source_tokens = batch.target_tokens;
  return batch;
}

/// `count` sentences of 2 to 5 words of the nine in tiny_vocabulary, a function of the seed.
inline std::vector<Sentence> random_sentences(std::uint64_t seed, int count) {
  SplitMix64 random(seed);
  std::vector<Sentence> sentences;
  for (int i = 0; i < count; ++i) {
    Sentence sentence(random.between<std::size_t>(2, 5));
    for (std::int64_t& word : sentence) word = random.between<std::int64_t>(4, 12);
    sentences.push_back(std::move(sentence));
  }
  return sentences;
}

/// Batches of four sentences, others in every epoch.
inline BatchSource copy_batches(std::int64_t per_epoch) {
  return {[](std::int64_t epoch, std::int64_t index) {
            return copy_batch(random_sentences(static_cast<std::uint64_t>(1000 * epoch + index), 4));
          },
          per_epoch};
}

/// One layer on each side, dropout wherever there is any.
inline ModelConfig small_model(double dropout) {
  ModelConfig model = read_model(R"({"d_model": 16, "max_length": 16, "attention.heads": 2,
      "feed_forward.d_ff": 32, "encoder.layers": 1, "decoder.layers": 1})");
  for (BlockConfig* stack : {static_cast<BlockConfig*>(&model.encoder), static_cast<BlockConfig*>(&model.decoder)}) {
    stack->dropout = stack->attention.dropout = stack->feed_forward.dropout = dropout;
  }
  model.embedding.dropout = model.decoder.cross_attention.dropout = dropout;
  return model;
}

/// A budget in epochs alone.
inline BudgetConfig epochs(std::int64_t count) {
  BudgetConfig budget;
  budget.epochs = count;
  return budget;
}

/// Ten updates of Adam, an evaluation after every fourth, a line after every third.
inline TrainingConfig short_training() {
  TrainingConfig config;
  config.schedule.kind = "constant";
  config.schedule.learning_rate = 0.003;
  config.schedule.warmup = 0;
  config.budget.steps = 10;
  config.evaluate_every.steps = 4;
  config.log_every = 3;
  return config;
}

/// How many threads share a sum is part of what makes it reproducible.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

/// What is thrown in the middle of a run for `kill -9`.
struct Killed {};

/// A run as a program makes it: run() builds model and trainer anew, as a new process would, over the same
/// folder. Lines of the log behind the place from where it goes on are dropped, as the file of the log does.
struct TestRun {
  explicit TestRun(std::filesystem::path in, TrainingConfig training = short_training(), double dropout = 0)
      : folder(std::move(in)), config(std::move(training)), model_config(small_model(dropout)) {}

  TrainingOutcome run() {
    const OneThread one_thread;
    model = make_transformer(model_config, tiny_vocabulary, at::kCPU, /*seed=*/1);
    on_model(*model);
    return Trainer(*model, config, model_config.d_model, folder, seed, hooks()).run();
  }

  /// The mean over the dev sentences.
  SplitLoss dev_loss(Transformer& trained) const {
    return evaluate_loss(
        trained, 1, [](std::int64_t) { return copy_batch(random_sentences(99, 8)); }, config.loss);
  }

  /// The names of all files of the folder, sorted.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  std::filesystem::path folder;
  TrainingConfig config;
  ModelConfig model_config;
  std::uint64_t seed = 7;
  BatchSource batches = copy_batches(5);
  std::function<void(Transformer&)> on_model = [](Transformer&) {};
  std::function<void(std::int64_t step)> after_update = [](std::int64_t) {};
  std::function<void(std::int64_t step)> after_evaluation = [](std::int64_t) {};
  std::function<SplitLoss(Transformer&)> evaluate = [this](Transformer& trained) { return dev_loss(trained); };
  std::function<bool()> stop_requested = [] { return false; };
  double flops_per_token = 0;

  std::shared_ptr<Transformer> model;
  std::vector<LogLine> log, updates;
  std::vector<EvaluationLine> evaluations;
  std::int64_t started_at = -1;

 private:
  TrainerHooks hooks() {
    return {.batches = batches,
            .evaluate = evaluate,
            .on_start =
                [this](std::int64_t step) {
                  started_at = step;
                  const auto behind = [step](const auto& line) { return line.step > step; };
                  std::erase_if(log, behind);
                  std::erase_if(updates, behind);
                  std::erase_if(evaluations, behind);
                },
            .on_log = [this](const LogLine& line) { log.push_back(line); },
            .on_evaluation =
                [this](const EvaluationLine& line) {
                  evaluations.push_back(line);
                  after_evaluation(line.step);
                },
            .on_step =
                [this](const LogLine& line) {
                  updates.push_back(line);
                  after_update(line.step);
                },
            .stop_requested = [this] { return stop_requested(); },
            .flops_per_token = flops_per_token};
  }
};

/// The `step` of every line, or every kept checkpoint.
template <class Line>
std::vector<std::int64_t> steps_of(const std::vector<Line>& lines) {
  std::vector<std::int64_t> steps;
  for (const Line& line : lines) steps.push_back(line.step);
  return steps;
}

/// Equal to the last bit, names, dtypes and shapes included.
inline bool identical(const NamedTensors& a, const NamedTensors& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.scalar_type() == y.second.scalar_type() && x.second.equal(y.second);
  });
}

}  // namespace ablate::testing
