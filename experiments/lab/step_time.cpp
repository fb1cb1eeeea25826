#include "experiments/lab/step_time.h"

#include "data/batching.h"
#include "experiments/lab/identity.h"
#include "experiments/lab/runner.h"
#include "transformer/config/reader.h"
#include "transformer/core/atomic_file.h"
#include "transformer/training/step.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>

namespace ablate::lab {
namespace {

constexpr std::int64_t batches_a_turn = 4;

/// A model that learns from the same few batches again and again.
class TimedModel {
 public:
  TimedModel(const PreparedRow& row, at::Device device)
      : config_(row.row->config),
        model_(make_transformer(config_.model, row.vocabulary, device, 1)),
        step_(*model_, config_.training) {
    const std::int64_t longest = config_.longest_trained();
    auto plan = data::BatchPlan::training(*row.corpus, "train", config_.training.batch, {longest, longest}, 1);
    for (std::int64_t i = 0; i < std::min(plan.size(), batches_a_turn); ++i) {
      batches_.push_back(plan.batch(0, i).to(device));
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

double known_step_time_ratio(const PreparedRow& row, const PreparedRow& baseline, at::Device device,
                             const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "step_time.json";
  Json known = std::filesystem::exists(file) ? config::read_json_file(file) : Json::object();
  const std::string key = side(row) + " / " + side(baseline);
  if (!known.contains(key)) {
    const double measured = step_time_ratio(row, baseline, device);
    // Another process may have measured the same meanwhile, and may be training with what it found.
    if (std::filesystem::exists(file)) known = config::read_json_file(file);
    if (!known.contains(key)) {
      known[key] = {{"ratio", measured}, {"device", device.str()}, {"threads", at::get_num_threads()}};
    }
    write_file_atomically(file, known.dump(2) + "\n");
  }
  return known[key].at("ratio").get<double>();
}

}  // namespace ablate::lab
