#include "experiments/lab/runner.h"

#include "ablate_commit.h"
#include "data/corruption.h"
#include "experiments/lab/evaluation.h"
#include "experiments/lab/event_file.h"
#include "experiments/lab/flops.h"
#include "experiments/lab/interrupt.h"
#include "experiments/lab/metrics_log.h"
#include "experiments/lab/number_format.h"
#include "experiments/lab/starting_point.h"
#include "transformer/core/atomic_file.h"
#include "transformer/core/memory.h"
#include "transformer/core/random.h"

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <chrono>
#include <cmath>

namespace ablate::lab {
namespace {

Json to_json(const LogLine& line) {
  return {{"step", line.step},
          {"epoch", line.epoch},
          {"tokens", line.tokens},
          {"loss", line.loss},
          {"nll", line.nll},
          {"gradient_norm", line.gradient_norm},
          {"learning_rate", line.learning_rate},
          {"tokens_per_second", line.tokens_per_second},
          {"seconds", line.seconds}};
}

Json to_json(const EvaluationLine& line) {
  return {{"step", line.step},
          {"epoch", line.epoch},
          {"tokens", line.tokens},
          {"seconds", line.seconds},
          {"dev_loss", line.dev.loss},
          {"dev_nll", line.dev.nll},
          {"dev_accuracy", line.dev.accuracy}};
}

/// The tags under which TensorBoard shows a line.
std::vector<std::pair<std::string, double>> scalars_of(const LogLine& line) {
  return {{"train/loss", line.loss},
          {"train/nll", line.nll},
          {"train/gradient_norm", line.gradient_norm},
          {"train/learning_rate", line.learning_rate},
          {"train/tokens_per_second", line.tokens_per_second}};
}

std::vector<std::pair<std::string, double>> scalars_of(const EvaluationLine& line, const ObjectiveFacts& facts) {
  std::vector<std::pair<std::string, double>> scalars = {
      {"dev/loss", line.dev.loss}, {"dev/nll", line.dev.nll}, {"dev/accuracy", line.dev.accuracy}};
  if (facts.has_perplexity) scalars.emplace_back("dev/perplexity", std::exp(line.dev.nll));
  return scalars;
}

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Json to_json(const std::vector<KeptCheckpoint>& checkpoints) {
  Json list = Json::array();
  for (const KeptCheckpoint& checkpoint : checkpoints) {
    list.push_back({{"step", checkpoint.step}, {"dev_nll", checkpoint.nll}});
  }
  return list;
}

Json environment(at::Device device, const RunConfig& config) {
  return {{"commit", ABLATE_COMMIT}, {"version", ABLATE_VERSION},        {"torch", TORCH_VERSION},
          {"device", device.str()},  {"threads", at::get_num_threads()}, {"precision", config.training.precision}};
}

Json training_json(const TrainingOutcome& outcome, std::int64_t parameters, double flops_of_token,
                   const data::Batches& batches, std::string_view unit) {
  return {{"reason", outcome.reason},
          {"unit", unit},
          {"steps", outcome.steps},
          {"epochs", outcome.epochs},
          {"tokens", outcome.tokens},
          {"seconds", outcome.seconds},
          {"tokens_per_second", static_cast<double>(outcome.tokens) / std::max(1e-9, outcome.seconds)},
          {"parameters", parameters},
          {"flops_per_token", flops_of_token},
          {"flops", flops_of_token * static_cast<double>(outcome.tokens)},
          {"peak_memory_bytes", peak_memory_bytes()},
          {"batches_per_epoch", batches.size()},
          {"padding_share", batches.padding_share()},
          {"sentences", batches.used()},
          {"skipped_sentences", batches.skipped()},
          {"last", to_json(outcome.last)},
          {"best", to_json(outcome.best)}};
}

std::string why_to_go_on(const TrainingOutcome& outcome, const RunFolder& folder) {
  return "stopped after update " + std::to_string(outcome.steps) + "; everything is saved in " +
         folder.path().string() + ": the same command goes on from there";
}

/// "cpu, 2 threads"; on a GPU the threads of the CPU change no figure.
std::string machine(const Json& environment) {
  const std::string device = environment.value("device", "");
  const std::int64_t threads = environment.value("threads", std::int64_t{0});
  return device == "cpu" ? device + ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads") : device;
}

/// Sums are rounded as threads and device divide them: whoever goes on with others is told what that costs.
void compare_environment(const RunFolder& folder, const Json& now, Progress& progress) {
  if (!std::filesystem::exists(folder.path() / "state.safetensors")) return folder.write_environment(now);
  const Json stored = folder.config();
  if (!stored.contains("environment")) return;
  const std::string before = machine(stored["environment"]);
  if (before == machine(now)) return;
  progress.message("warning: begun on " + before + ", goes on on " + machine(now) +
                   ": the result is not bit for bit that of an uninterrupted run");
}

/// Gives a model that has just been drawn the parameters of the run that this one begins from. One that goes on has its
/// own weights already.
void take_over_parameters(Transformer& model, const PreparedRow& row, const RunFolder& folder,
                          const std::filesystem::path& out, Progress& progress) {
  const InitializeFromConfig& settings = row.row->config.training.initialize_from;
  if (!settings.run || std::filesystem::exists(folder.path() / "state.safetensors")) return;
  const ParameterTransfer transfer = begin_from(model, row.row->config, row.vocabulary, *row.corpus, out);
  Json report = {{"run", *settings.run}, {"checkpoint", settings.checkpoint}, {"content", *settings.content}};
  report.update(to_json(transfer));
  folder.check_owner();
  write_file_atomically(folder.initialization_file(), report.dump(2) + "\n");
  progress.message("begins from " + start_text(settings, summary_of(transfer)));
  for (const std::string& note : transfer.notes) progress.message(note);
}

/// Trains from the start or from where it stopped; the result has the status `finished` or `diverged`.
Json train(const PreparedRow& row, std::int64_t seed, const RunFolder& folder, const RunOptions& options,
           Progress& progress) {
  const RunConfig& config = row.row->config;
  const RunSeeds seeds = derive_seeds(seed, config.training.vary);
  const auto batches = data::training_batches(*row.corpus, "train", config.objective, config.training.batch,
                                              config.longest_trained(), seeds.data_order);
  if (batches->skipped() > 0) {
    const bool is_own = config.training.max_length.has_value();
    progress.message((is_own ? "" : "warning: ") + std::to_string(batches->skipped()) + " training " + batches->unit() +
                     " are longer than " + (is_own ? "training" : "model") + ".max_length and are skipped");
  }
  if (batches->cut() > 0) {
    progress.message("warning: " + std::to_string(batches->cut()) + " of " + std::to_string(batches->used()) +
                     " training " + batches->unit() + " are longer than " +
                     std::to_string(data::tokens_of_row(config.objective, config.longest_trained())) +
                     " tokens and are cut: nothing is learnt from the rest of them");
  }
  progress.message(std::to_string(batches->used()) + " " + batches->unit() + " in " + std::to_string(batches->size()) +
                   " batches an epoch, " + number_text(100 * batches->padding_share(), {}, Notation::fixed, 1).mean +
                   " % padding");
  data::BatchConfig evaluation_batch;
  evaluation_batch.tokens = config.evaluation.batch_tokens;
  const auto dev = data::evaluation_batches(*row.corpus, "dev", config.objective, evaluation_batch, dev_reach(config));

  compare_environment(folder, environment(options.device, config), progress);
  const auto model = make_transformer(config.model, row.vocabulary, options.device, seeds.initialization);
  take_over_parameters(*model, row, folder, options.out, progress);
  const double flops_of_token = flops_per_token(row);
  std::unique_ptr<MetricsLog> log;
  std::unique_ptr<EventFile> events;
  reset_peak_memory();
  TrainerHooks hooks{
      .batches = {[&](std::int64_t epoch, std::int64_t i) { return batches->batch(epoch, i); }, batches->size()},
      .evaluate =
          [&](Transformer& trained) {
            const SplitLoss loss = evaluate_loss(
                trained, dev->size(), [&](std::int64_t i) { return dev->batch(0, i); }, config.training.loss);
            folder.check_owner();  // a checkpoint is written next
            return loss;
          },
      .on_start =
          [&](std::int64_t step) {
            log = std::make_unique<MetricsLog>(folder.metrics_file(), step);
            events = std::make_unique<EventFile>(folder.path(), step);
          },
      .on_log =
          [&](const LogLine& line) {
            log->write(to_json(line));
            events->write(line.step, seconds_since_1970(), scalars_of(line));
            progress.logged(line);
          },
      .on_evaluation =
          [&](const EvaluationLine& line) {
            folder.check_owner();  // the state is written next
            log->write(to_json(line));
            events->write(line.step, seconds_since_1970(), scalars_of(line, config.facts()));
            progress.evaluated(line, config.facts().dev_text(line.dev.nll));
          },
      .on_step = [&](const LogLine& line) { progress.step(line); },
      .stop_requested =
          [&] {
            folder.check_owner_quickly();
            if (interrupt_requested()) folder.check_owner();  // the state is written next
            return interrupt_requested();
          },
      .flops_per_token = flops_of_token,
  };
  Trainer trainer(*model, config.training, config.model.d_model, folder.path(), seeds.dropout, std::move(hooks));
  const TrainingOutcome outcome = trainer.run();
  if (outcome.status == TrainingStatus::interrupted) {
    throw Interrupted(why_to_go_on(outcome, folder), interrupt_signal());
  }
  const bool diverged = outcome.status == TrainingStatus::diverged;
  if (diverged) progress.message("diverged: " + outcome.reason);
  Json result = {
      {"status", diverged ? "diverged" : "finished"},
      {"environment", environment(options.device, config)},
      {"training", training_json(outcome, count_parameters(*model), flops_of_token, *batches, config.facts().unit)},
      {"decodings", Json::object()}};
  if (Json report = folder.initialization(); !report.empty()) {
    report.erase("taken");  // the file has them all
    report.erase("unused");
    result["initialized_from"] = std::move(report);
  }
  return result;
}

}  // namespace

RunSeeds derive_seeds(std::int64_t seed, const VaryConfig& vary) {
  constexpr std::int64_t common = 0;
  const auto stream = [seed](std::uint64_t number, bool varies) {
    return SplitMix64(static_cast<std::uint64_t>(varies ? seed : common), number).next();
  };
  return {stream(0, vary.initialization), stream(1, vary.data_order), stream(2, vary.dropout), stream(3, true)};
}

bool is_complete(const PreparedRow& row, const Json& result) {
  const RunState state = state_of(result, true);
  return state == RunState::diverged || (state == RunState::finished && is_evaluated(row, result));
}

RunState shown_state(const PreparedRow& row, const RunFolder& folder) {
  if (row.awaits_tuning() || !folder.exists()) return RunState::absent;
  const Json result = folder.result();
  return is_complete(row, result) ? state_of(result, true) : folder.state();
}

void execute_run(RunFolder& folder, const PreparedRow& row, std::int64_t seed, const RunOptions& options,
                 Progress& progress) {
  folder.open(row, seed);
  Json result = folder.result();
  const RunState state = state_of(result, true);
  if (state == RunState::unfinished) {
    result = train(row, seed, folder, options, progress);
    folder.write_result(result);
    // The state serves to go on; the weights worth keeping are in the checkpoints.
    if (result["status"] == "finished") std::filesystem::remove(folder.path() / "state.safetensors");
  }
  if (result["status"] == "finished") evaluate_run(row, seed, folder, options, progress, result);
}

}  // namespace ablate::lab
