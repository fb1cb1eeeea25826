#include "experiments/lab/hugging_face/verification.h"

#include "transformer/core/error.h"
#include "transformer/training/safetensors.h"

#include <cmath>
#include <limits>

namespace ablate::lab::hugging_face {
namespace {

class Sample {
 public:
  Sample(const Transformer& model, const std::filesystem::path& file)
      : model_(model), where_(file.string() + ": "), tensors_(read_tensors(file).tensors) {}

  bool has(const std::string& name) const { return tensors_.contains(name); }

  const Tensor& at(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) fail("'" + name + "' is missing");
    return found->second;
  }

  [[noreturn]] void fail(const std::string& why) const { throw UserError(where_ + why); }

  Tensor tokens(const std::string& name, std::int64_t vocabulary) const {
    const Tensor& ids = at(name);
    if (ids.dim() != 2 || ids.numel() == 0 || at::isFloatingType(ids.scalar_type())) {
      fail("'" + name + "' must hold ids of shape (rows, tokens)");
    }
    if (ids.lt(0).any().item<bool>() || ids.ge(vocabulary).any().item<bool>()) {
      fail("'" + name + "' has ids that are not in the vocabulary of " + std::to_string(vocabulary));
    }
    if (ids.size(1) > model_.max_length()) {
      fail("'" + name + "' has " + std::to_string(ids.size(1)) + " tokens a row, and the model reads at most " +
           std::to_string(model_.max_length()));
    }
    return ids.to(at::kLong).to(model_.device());
  }

  /// True for what is no padding, (rows, tokens).
  Tensor real(const std::string& name, const Tensor& ids) const {
    if (!has(name)) return at::ones_like(ids, at::kBool);
    if (at(name).sizes() != ids.sizes()) fail("'" + name + "' has another shape than the ids that it is of");
    return at(name).ne(0).to(model_.device());
  }

  /// Compares where `is_real` (rows, tokens), if the file has the tensor.
  void compare(const std::string& name, const Tensor& ours, const Tensor& is_real,
               std::vector<Difference>& differences) const {
    if (!has(name)) return;
    if (at(name).sizes() != ours.sizes()) fail("'" + name + "' has another shape than the model's output");
    const Tensor rows = is_real.to(at::kCPU).reshape({-1});
    const auto chosen = [&](const Tensor& x) {
      return x.to(at::kCPU, at::kDouble).reshape({rows.size(0), -1}).index({rows});
    };
    const Tensor wanted = chosen(at(name));
    if (wanted.numel() == 0) fail("everything is padding");
    const double far = (chosen(ours) - wanted).abs().max().item<double>();
    const double largest = wanted.abs().max().item<double>();
    // NaN compares as nothing: it must not pass.
    const double absolute = std::isfinite(far) ? far : std::numeric_limits<double>::infinity();
    differences.push_back({name, absolute, largest > 0 ? absolute / largest : absolute, wanted.size(0)});
  }

 private:
  const Transformer& model_;
  std::string where_;
  std::map<std::string, Tensor> tensors_;
};

}  // namespace

std::vector<Difference> verify(Transformer& model, const std::filesystem::path& file) {
  const Sample sample(model, file);
  for (const char* name : {"position_ids", "decoder_position_ids", "inputs_embeds"}) {
    if (sample.has(name)) sample.fail(std::string("'") + name + "' is not supported: the model counts for itself");
  }
  if (sample.has("token_type_ids") && sample.at("token_type_ids").ne(0).any().item<bool>()) {
    sample.fail("'token_type_ids' names types of tokens, which the model does not have");
  }
  const at::NoGradGuard no_gradients;
  model.eval();
  std::vector<Difference> differences;
  const auto compare_output = [&](const Tensor& hidden, const Tensor& real) {
    sample.compare("last_hidden_state", hidden, real, differences);
    if (sample.has("logits")) sample.compare("logits", model.logits(hidden), real, differences);
  };
  // One vocabulary for both sides: all that is imported has one.
  const Tensor ids = sample.tokens("input_ids", model.target_size());
  const Tensor real = sample.real("attention_mask", ids);
  if (model.has_encoder()) {
    const Memory memory = model.encode(ids, nullptr, real);
    const Tensor target = sample.tokens("decoder_input_ids", model.target_size());
    if (target.size(0) != ids.size(0)) sample.fail("'decoder_input_ids' has another number of rows than 'input_ids'");
    const Tensor target_real = sample.real("decoder_attention_mask", target);
    sample.compare("encoder_last_hidden_state", memory.states, real, differences);
    compare_output(model.decode(target, memory, nullptr, nullptr, target_real), target_real);
  } else {
    compare_output(model.decode(ids, {}, nullptr, nullptr, real), real);
  }
  if (differences.empty()) sample.fail("holds neither 'logits' nor 'last_hidden_state' to compare with");
  return differences;
}

}  // namespace ablate::lab::hugging_face
