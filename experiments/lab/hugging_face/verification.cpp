#include "experiments/lab/hugging_face/verification.h"

#include "transformer/core/error.h"
#include "transformer/model/layer_states.h"
#include "transformer/training/safetensors.h"

#include <algorithm>
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

/// "hidden_states.0" to "hidden_states.N": what the layers of a stack read, and what the stack gives.
void compare_layers(const Sample& sample, const std::string& name, const std::vector<Tensor>& states,
                    const Tensor& real, std::vector<Difference>& differences) {
  for (std::size_t i = 0; i < states.size(); ++i) {
    sample.compare(name + "." + std::to_string(i), states[i], real, differences);
  }
}

/// Types of tokens (rows, tokens), undefined where the file has none.
Tensor token_types(const Sample& sample, const Transformer& model, const Tensor& ids) {
  const char* const name = "token_type_ids";
  if (!sample.has(name)) return {};
  const Tensor& types = sample.at(name);
  const std::int64_t known = model.has_decoder() ? 0 : model.embeddings().token_types();
  if (types.sizes() != ids.sizes()) sample.fail("'token_type_ids' has another shape than 'input_ids'");
  if (types.lt(0).any().item<bool>() || types.ge(std::max<std::int64_t>(1, known)).any().item<bool>()) {
    sample.fail("'token_type_ids' names types of tokens, which the model does not have: it knows " +
                std::to_string(known));
  }
  return known > 0 ? types.to(at::kLong).to(model.device()) : Tensor();
}

}  // namespace

std::vector<Difference> verify(Transformer& model, const std::filesystem::path& file) {
  const Sample sample(model, file);
  for (const char* name : {"position_ids", "decoder_position_ids", "inputs_embeds"}) {
    if (sample.has(name)) sample.fail(std::string("'") + name + "' is not supported: the model counts for itself");
  }
  const at::NoGradGuard no_gradients;
  model.eval();
  LayerStates layers;
  std::vector<Difference> differences;
  const Tensor ids = sample.tokens("input_ids", model.has_encoder() ? model.source_size() : model.target_size());
  const Tensor real = sample.real("attention_mask", ids);
  const Tensor types = token_types(sample, model, ids);
  const auto compare_output = [&](const Tensor& states, const std::string& stack, const Tensor& is_real) {
    compare_layers(sample, "hidden_states", layers.of(stack), is_real, differences);
    sample.compare("last_hidden_state", states, is_real, differences);
  };
  if (!model.has_decoder()) {
    const Memory memory = model.encode(ids, nullptr, real, types);
    compare_output(memory.states, "encoder", real);
    const Tensor said = model.head_states(memory);
    const bool is_of_texts = model.head()->kind != "words";
    const Tensor texts = at::ones({ids.size(0)}, real.options());
    if (!model.has_output()) {
      if (sample.has("logits")) sample.fail("'logits': the model has a pooled state, and no output layer");
      sample.compare("pooler_output", said.squeeze(1), texts, differences);
    } else if (sample.has("logits")) {
      const Tensor logits = model.logits(said);
      sample.compare("logits", is_of_texts ? logits.squeeze(1) : logits, is_of_texts ? texts : real, differences);
    }
  } else {
    Memory memory;
    Tensor target = ids, target_real = real;
    if (model.has_encoder()) {
      memory = model.encode(ids, nullptr, real);
      target = sample.tokens("decoder_input_ids", model.target_size());
      if (target.size(0) != ids.size(0)) sample.fail("'decoder_input_ids' has another number of rows than 'input_ids'");
      target_real = sample.real("decoder_attention_mask", target);
      compare_layers(sample, "encoder_hidden_states", layers.of("encoder"), real, differences);
      sample.compare("encoder_last_hidden_state", memory.states, real, differences);
    }
    const Tensor hidden = model.decode(target, memory, nullptr, nullptr, target_real);
    compare_output(hidden, "decoder", target_real);
    if (sample.has("logits")) sample.compare("logits", model.logits(hidden), target_real, differences);
  }
  if (differences.empty()) sample.fail("holds neither 'logits' nor 'last_hidden_state' to compare with");
  return differences;
}

}  // namespace ablate::lab::hugging_face
