#include "experiments/lab/step_time.h"

#include "data/batching.h"
#include "experiments/lab/identity.h"
#include "experiments/lab/runner.h"
#include "transformer/config/reader.h"
#include "transformer/core/atomic_file.h"
#include "transformer/core/error.h"
#include "transformer/training/step.h"

#include <ATen/Parallel.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace ablate::lab {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t batches_a_turn = 4;

/// A model that learns from the same few batches again and again.
class TimedModel {
 public:
  TimedModel(const PreparedRow& row, at::Device device)
      : config_(row.row->config),
        model_(make_transformer(config_.model, row.vocabulary, device, 1)),
        step_(*model_, config_.training) {
    const auto batches = data::training_batches(*row.corpus, "train", config_.objective, config_.training.batch,
                                                config_.longest_trained(), 1);
    for (std::int64_t i = 0; i < std::min(batches->size(), batches_a_turn); ++i) {
      batches_.push_back(batches->batch(0, i).to(device));
    }
    model_->train();
  }

  double seconds() {
    const auto start = std::chrono::steady_clock::now();
    // The result of an update is read back from the device, which has finished by then.
    for (const Batch& batch : batches_) step_.run({batch}, /*learning_rate=*/1e-6);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() /
           static_cast<double>(batches_.size());
  }

 private:
  RunConfig config_;
  std::shared_ptr<Transformer> model_;
  TrainingStep step_;
  std::vector<Batch> batches_;
};

double stored_ratio(const fs::path& file) { return config::read_json_file(file).at("ratio").get<double>(); }

std::string side(const PreparedRow& row) { return run_hash(row.row->config, row.corpus->content_hash(), 0); }

}  // namespace

double step_time_ratio(const PreparedRow& row, const PreparedRow& baseline, at::Device device, int rounds) {
  TimedModel ours(row, device), reference(baseline, device);
  ours.seconds();
  reference.seconds();
  std::vector<double> ratios;
  for (int i = 0; i < rounds; ++i) {
    const double seconds = ours.seconds();
    ratios.push_back(seconds / reference.seconds());
  }
  std::nth_element(ratios.begin(), ratios.begin() + rounds / 2, ratios.end());
  return ratios[static_cast<std::size_t>(rounds / 2)];
}

double known_step_time_ratio(const PreparedRow& row, const PreparedRow& baseline, std::optional<at::Device> device,
                             const fs::path& folder) {
  const fs::path known = folder / "step_times" / (side(row) + "-" + side(baseline));
  const auto file = [&known](const char* kind) { return fs::path(known.string() + "." + kind + ".json"); };
  if (!device) {
    const bool on_cpu = fs::exists(file("cpu")), on_gpu = fs::exists(file("cuda"));
    if (on_cpu != on_gpu) return stored_ratio(file(on_cpu ? "cpu" : "cuda"));
    const std::string where = "row '" + row.row->label + "': match: ";
    if (on_cpu) {
      throw UserError(where +
                      "step times were measured on cpu and on cuda: keep the runs in folders of their own (--out)");
    }
    throw NotMeasured(where + "its step time is measured when it is trained; until then it is shown as it is written");
  }
  const fs::path own = file(device->is_cuda() ? "cuda" : "cpu");
  if (!fs::exists(own)) {
    const Json measured = {{"ratio", step_time_ratio(row, baseline, *device)}, {"threads", at::get_num_threads()}};
    make_folders(own.parent_path());
    const fs::path draft = own.string() + "." + std::to_string(::getpid());
    write_file_atomically(draft, measured.dump(2) + "\n");
    // A link is made once, whoever comes first; the others have trained with nothing yet.
    std::error_code there_already;
    fs::create_hard_link(draft, own, there_already);
    if (there_already && !fs::exists(own)) fs::rename(draft, own);
    fs::remove(draft, there_already);
  }
  return stored_ratio(own);
}

}  // namespace ablate::lab
