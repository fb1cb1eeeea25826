#pragma once
// What a run keeps on disk: the weights of chosen evaluations, and the state from which it goes on as if it
// had never stopped.
#include "transformer/training/optimizer.h"
#include "transformer/training/safetensors.h"

namespace ablate {

/// Parameters by name. They share memory with the model.
NamedTensors weights_of(const torch::nn::Module& model);

/// Copies weights into a model; UserError `where: …` names a missing, foreign or wrong-shaped tensor.
void load_weights(torch::nn::Module& model, const NamedTensors& weights, const std::string& where);

/// Mean of several checkpoints' weights, accumulated in double (Vaswani et al. 2017, section 6.1).
NamedTensors average_weights(const std::vector<std::filesystem::path>& files);

/// States of the generators that training draws from: the CPU's and, on an accelerator, its own.
NamedTensors generator_states(at::Device device);
void load_generator_states(const NamedTensors& states, at::Device device);

/// An evaluation whose weights may be kept.
struct KeptCheckpoint {
  std::int64_t step;
  double nll;  ///< dev, nats per token
};

/// The files `step_00000127.safetensors` of a run folder: the last k and the best k.
class CheckpointFolder {
 public:
  CheckpointFolder(std::filesystem::path folder, std::int64_t keep_last, std::int64_t keep_best);

  /// Saves the weights of an evaluation and forgets those that are among neither the last nor the best any
  /// more. Their files stay until remove_others(), to be called when a state without them is on disk.
  void save(const torch::nn::Module& model, const KeptCheckpoint& checkpoint);
  /// Deletes the weights that are not kept, and what a killed run has left behind.
  void remove_others() const;
  std::filesystem::path file(std::int64_t step) const;

  std::vector<KeptCheckpoint> last(std::int64_t count) const;  ///< newest first
  std::vector<KeptCheckpoint> best(std::int64_t count) const;  ///< lowest nll first; ties: the earlier one
  const std::vector<KeptCheckpoint>& kept() const { return kept_; }
  void restore(std::vector<KeptCheckpoint> kept) { kept_ = std::move(kept); }

 private:
  std::filesystem::path folder_;
  std::int64_t keep_last_, keep_best_;
  std::vector<KeptCheckpoint> kept_;  ///< by step
};

}  // namespace ablate
