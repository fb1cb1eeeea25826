#include "transformer/training/checkpoint.h"

#include "transformer/core/error.h"

#include <ATen/Context.h>

#include <algorithm>
#include <cstdio>
#include <set>

namespace ablate {
namespace fs = std::filesystem;

NamedTensors weights_of(const torch::nn::Module& model) {
  NamedTensors weights;
  for (const auto& parameter : model.named_parameters()) weights[parameter.key()] = parameter.value();
  return weights;
}

void load_weights(torch::nn::Module& model, const NamedTensors& weights, const std::string& where) {
  at::NoGradGuard no_grad;
  const NamedTensors own = weights_of(model);
  for (const auto& [name, parameter] : own) {
    const auto found = weights.find(name);
    if (found == weights.end()) throw UserError(where + ": the weights of '" + name + "' are missing");
    if (found->second.sizes() != parameter.sizes()) {
      throw UserError(where + ": the weights of '" + name + "' have another shape than the model's");
    }
  }
  for (const auto& [name, tensor] : weights) {
    if (!own.contains(name)) throw UserError(where + ": the model has no '" + name + "'");
  }
  for (const auto& [name, parameter] : own) {
    Tensor target = parameter;
    target.copy_(weights.at(name));
  }
}

NamedTensors average_weights(const std::vector<fs::path>& files) {
  NamedTensors sums;
  for (const fs::path& file : files) {
    for (const auto& [name, tensor] : read_tensors(file).tensors) {
      Tensor& sum = sums[name];
      sum = sum.defined() ? sum + tensor.to(at::kDouble) : tensor.to(at::kDouble);
    }
  }
  for (auto& [name, sum] : sums) sum = (sum / static_cast<double>(files.size())).to(at::kFloat);
  return sums;
}

NamedTensors generator_states(at::Device device) {
  NamedTensors states{{"random.cpu", at::globalContext().defaultGenerator(at::kCPU).get_state()}};
  if (!device.is_cpu()) states["random.device"] = at::globalContext().defaultGenerator(device).get_state();
  return states;
}

void load_generator_states(const NamedTensors& states, at::Device device) {
  const auto restore = [&states](const char* name, at::Device on) {
    const auto found = states.find(name);
    if (found == states.end()) throw RunError(std::string("the checkpoint lacks '") + name + "'");
    at::Generator generator = at::globalContext().defaultGenerator(on);
    generator.set_state(found->second);
  };
  restore("random.cpu", at::kCPU);
  if (!device.is_cpu()) restore("random.device", device);
}

CheckpointFolder::CheckpointFolder(fs::path folder, std::int64_t keep_last, std::int64_t keep_best)
    : folder_(std::move(folder)), keep_last_(keep_last), keep_best_(keep_best) {}

fs::path CheckpointFolder::file(std::int64_t step) const {
  char name[48];
  std::snprintf(name, sizeof name, "step_%08lld.safetensors", static_cast<long long>(step));
  return folder_ / name;
}

std::vector<KeptCheckpoint> CheckpointFolder::last(std::int64_t count) const {
  std::vector<KeptCheckpoint> list(kept_.rbegin(), kept_.rend());
  if (static_cast<std::int64_t>(list.size()) > count) list.resize(static_cast<std::size_t>(count));
  return list;
}

std::vector<KeptCheckpoint> CheckpointFolder::best(std::int64_t count) const {
  std::vector<KeptCheckpoint> list = kept_;
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.nll < b.nll; });
  if (static_cast<std::int64_t>(list.size()) > count) list.resize(static_cast<std::size_t>(count));
  return list;
}

void CheckpointFolder::save(const torch::nn::Module& model, const KeptCheckpoint& checkpoint) {
  // A run that goes on may evaluate a step again that it had evaluated just before it was killed.
  std::erase_if(kept_, [&](const KeptCheckpoint& old) { return old.step >= checkpoint.step; });
  write_tensors(file(checkpoint.step), {weights_of(model), {{"step", std::to_string(checkpoint.step)}}});
  kept_.push_back(checkpoint);
  std::vector<KeptCheckpoint> wanted = last(keep_last_);
  for (const KeptCheckpoint& good : best(keep_best_)) wanted.push_back(good);
  std::erase_if(kept_, [&](const KeptCheckpoint& old) {
    return std::none_of(wanted.begin(), wanted.end(), [&](const auto& w) { return w.step == old.step; });
  });
}

void CheckpointFolder::remove_others() const {
  std::set<fs::path> wanted;
  for (const KeptCheckpoint& checkpoint : kept_) wanted.insert(file(checkpoint.step));
  std::vector<fs::path> others;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    const bool is_checkpoint = name.starts_with("step_") && name.ends_with(".safetensors");
    const bool is_half_written = name.starts_with(".") && name.find(".safetensors.tmp-") != std::string::npos;
    if (is_half_written || (is_checkpoint && !wanted.contains(entry.path()))) others.push_back(entry.path());
  }
  for (const fs::path& other : others) fs::remove(other);
}

}  // namespace ablate
