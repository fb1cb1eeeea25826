#include "transformer/model/cost.h"

#include "transformer/core/meta_kernels.h"

#include <ATen/record_function.h>

#include <stdexcept>
#include <unordered_map>

namespace ablate {
namespace {

/// An operation that multiplies matrices itself, and which of its arguments the two matrices are. What is
/// written in terms of these (linear, matmul, einsum) is not listed, so that nothing counts twice.
struct MatrixProduct {
  std::string_view name;
  std::size_t left, right;
};
constexpr MatrixProduct products[] = {
    {"aten::mm", 0, 1},     {"aten::bmm", 0, 1}, {"aten::addmm", 1, 2}, {"aten::baddbmm", 1, 2},
    {"aten::addbmm", 1, 2}, {"aten::mv", 0, 1},  {"aten::dot", 0, 1},
};

template <class Visit>
void for_each_tensor(const c10::IValue& value, Visit visit) {
  if (value.isTensor() && value.toTensor().defined()) visit(value.toTensor());
  if (!value.isTensorList()) return;
  for (const Tensor& tensor : value.toTensorVector()) {
    if (tensor.defined()) visit(tensor);
  }
}

/// Fused attention puts out no scores. The arguments are (query, key, value, mask, dropout, …).
bool is_fused_attention(const at::RecordFunction& operation) {
  if (std::string_view(operation.name()) != "aten::scaled_dot_product_attention") return false;
  const auto inputs = operation.inputs();
  return inputs[4].toDouble() == 0 && inputs[0].toTensor().size(-1) == inputs[2].toTensor().size(-1);
}

class Meter {
 public:
  /// What the end of an operation must know of its start.
  struct Mark : at::ObserverContext {
    bool fused_attention = false;
  };

  std::unique_ptr<at::ObserverContext> start(const at::RecordFunction& operation) {
    auto mark = std::make_unique<Mark>();
    // What comes in without having been put out before is a parameter, or the work of somebody else.
    remember_kept(operation.inputs(), /*counts=*/false);
    count_product(operation);
    mark->fused_attention = is_fused_attention(operation);
    inside_fused_attention_ += mark->fused_attention;
    return mark;
  }

  void end(const at::RecordFunction& operation, const at::ObserverContext* context) {
    inside_fused_attention_ -= static_cast<const Mark*>(context)->fused_attention;
    remember_kept(operation.outputs(), /*counts=*/true);
  }

  const Cost& cost() const { return cost_; }

 private:
  void count_product(const at::RecordFunction& operation) {
    const std::string_view name(operation.name());
    for (const MatrixProduct& product : products) {
      if (product.name != name) continue;
      const Tensor& left = operation.inputs()[product.left].toTensor();    // (…, m, k) or (k)
      const Tensor& right = operation.inputs()[product.right].toTensor();  // (…, k, n) or (k)
      const std::int64_t columns = right.dim() < 2 ? 1 : right.size(-1);
      cost_.flops += 2.0 * static_cast<double>(left.numel()) * static_cast<double>(columns);
    }
  }

  /// What the backward pass may need; what a fused kernel does inside it keeps to itself.
  template <class Values>
  void remember_kept(const Values& values, bool counts) {
    if (inside_fused_attention_ > 0) return;
    for (const c10::IValue& value : values) {
      for_each_tensor(value, [&](const Tensor& tensor) {
        if (tensor.requires_grad()) remember(tensor, counts);
      });
    }
  }

  /// Remembering the storage keeps its address from being given to another one.
  void remember(const Tensor& tensor, bool counts) {
    if (!tensor.has_storage()) return;
    const bool is_new = seen_.emplace(tensor.storage().unsafeGetStorageImpl(), tensor.storage()).second;
    if (is_new && counts) cost_.activation_bytes += static_cast<double>(tensor.storage().nbytes());
  }

  Cost cost_;
  int inside_fused_attention_ = 0;
  std::unordered_map<const void*, c10::Storage> seen_;
};

thread_local Meter* current = nullptr;

/// Sends the operations of this thread to a meter for the time of a scope.
class Watch {
 public:
  explicit Watch(Meter& meter) {
    if (current != nullptr) throw std::logic_error("measure_cost does not nest");
    current = &meter;
    const auto start = [](const at::RecordFunction& operation) { return current->start(operation); };
    const auto end = [](const at::RecordFunction& operation, at::ObserverContext* context) {
      current->end(operation, context);
    };
    handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(start, end)
                                             .needsInputs(true)
                                             .needsOutputs(true)
                                             .scopes({at::RecordScope::FUNCTION}));
  }
  ~Watch() {
    at::removeCallback(handle_);
    current = nullptr;
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  at::CallbackHandle handle_;
};

/// Puts a module into training or evaluation for the time of a scope.
class Mode {
 public:
  Mode(torch::nn::Module& module, bool training) : module_(module), before_(module.is_training()) {
    module.train(training);
  }
  ~Mode() { module_.train(before_); }
  Mode(const Mode&) = delete;
  Mode& operator=(const Mode&) = delete;

 private:
  torch::nn::Module& module_;
  bool before_;
};

ForwardCost measure_forward(Transformer& model, const Batch& batch, AttentionTrace* trace) {
  Memory memory;
  Tensor hidden;
  ForwardCost cost;
  if (model.has_encoder() && model.has_decoder()) {
    cost.encoder = measure_cost([&] { memory = model.encode(batch.source, trace); });
  }
  if (model.has_decoder()) {
    cost.decoder = measure_cost([&] { hidden = model.decode(batch.target_input, memory, nullptr, trace); });
  } else {
    cost.encoder = measure_cost([&] { hidden = model.forward(batch, trace); });
  }
  if (model.has_output()) cost.output = measure_cost([&] { model.logits(hidden); });
  return cost;
}

/// A batch without memory.
Batch meta_batch(const Transformer& model, std::int64_t sentences, SequenceLengths lengths) {
  if (!model.device().is_meta()) throw std::invalid_argument("cost of a model: it must be on the meta device");
  use_meta_kernels();
  const at::TensorOptions ids = at::TensorOptions().dtype(at::kLong).device(at::kMeta);
  Batch batch;
  if (model.has_encoder()) batch.source = at::empty({sentences, lengths.source}, ids);
  batch.target_input = at::empty({sentences, lengths.target}, ids);
  return batch;
}

}  // namespace

Cost measure_cost(const std::function<void()>& work) {
  Meter meter;
  {
    const Watch watch(meter);
    work();
  }
  return meter.cost();
}

ForwardCost forward_cost(Transformer& model, std::int64_t sentences, SequenceLengths lengths) {
  const Batch batch = meta_batch(model, sentences, lengths);
  ForwardCost cost;
  {
    const Mode training(model, true);
    cost = measure_forward(model, batch, nullptr);
  }
  const Mode evaluation(model, false);
  AttentionTrace plain;
  const ForwardCost products_alone = measure_forward(model, batch, &plain);
  cost.encoder.flops = products_alone.encoder.flops;
  cost.decoder.flops = products_alone.decoder.flops;
  cost.output.flops = products_alone.output.flops;
  return cost;
}

TrainingFlops training_flops(Transformer& model, std::int64_t sentences, SequenceLengths lengths) {
  const Batch batch = meta_batch(model, sentences, lengths);
  // Without dropout, which multiplies no matrices; asking for the weights of attention runs its plain formula.
  const Mode evaluation(model, false);
  AttentionTrace plain;
  Tensor scores;
  TrainingFlops flops;
  const auto predict = [&] {
    const Tensor hidden = model.forward(batch, &plain);
    const Tensor told = lengths.said ? hidden.narrow(1, 0, *lengths.said) : hidden;
    scores = model.has_output() ? model.logits(told) : told;
  };
  flops.forward = measure_cost(predict).flops;
  flops.backward = measure_cost([&] { scores.backward(at::empty_like(scores)); }).flops;
  for (Tensor& parameter : model.parameters()) parameter.mutable_grad().reset();
  return flops;
}

}  // namespace ablate
