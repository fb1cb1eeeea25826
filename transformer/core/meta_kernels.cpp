#include "transformer/core/meta_kernels.h"

#include "transformer/core/torch.h"

#include <ATen/ExpandUtils.h>
#include <torch/library.h>

#include <array>
#include <tuple>

namespace ablate {
namespace {

Tensor index_select(const Tensor& self, std::int64_t dim, const Tensor& index) {
  std::vector<std::int64_t> sizes = self.sizes().vec();
  sizes[static_cast<std::size_t>(at::maybe_wrap_dim(dim, self.dim()))] = index.numel();
  return at::empty(sizes, self.options());
}

Tensor where(const Tensor& condition, const Tensor& self, const Tensor& other) {
  const std::vector<std::int64_t> sizes =
      at::infer_size(at::infer_size(condition.sizes(), self.sizes()), other.sizes());
  return at::empty(sizes, self.options());
}

Tensor& where_out(const Tensor& condition, const Tensor& self, const Tensor& other, Tensor& out) {
  const std::vector<std::int64_t> sizes =
      at::infer_size(at::infer_size(condition.sizes(), self.sizes()), other.sizes());
  out.resize_(sizes);
  return out;
}

Tensor relu(const Tensor& self) { return at::empty_like(self); }

Tensor logical_not(const Tensor& self) { return at::empty_like(self, self.options().dtype(at::kBool)); }

/// (normalised, mean, 1 / standard deviation)
std::tuple<Tensor, Tensor, Tensor> native_layer_norm(const Tensor& input, at::IntArrayRef normalized_shape,
                                                     const std::optional<Tensor>&, const std::optional<Tensor>&,
                                                     double) {
  std::vector<std::int64_t> sizes = input.sizes().vec();
  for (std::size_t i = 0; i < normalized_shape.size(); ++i) sizes[sizes.size() - 1 - i] = 1;
  return {at::empty_like(input, at::MemoryFormat::Contiguous), at::empty(sizes, input.options()),
          at::empty(sizes, input.options())};
}

/// Gradients of (input, gain, bias), those that are asked for.
std::tuple<Tensor, Tensor, Tensor> native_layer_norm_backward(const Tensor&, const Tensor& input, at::IntArrayRef,
                                                              const Tensor&, const Tensor&,
                                                              const std::optional<Tensor>& gain,
                                                              const std::optional<Tensor>& bias,
                                                              std::array<bool, 3> wanted) {
  const auto like = [](bool is_wanted, const std::optional<Tensor>& x) {
    return is_wanted && x && x->defined() ? at::empty_like(*x) : Tensor();
  };
  return {like(wanted[0], input), like(wanted[1], gain), like(wanted[2], bias)};
}

Tensor embedding_dense_backward(const Tensor& gradient, const Tensor&, c10::SymInt words, c10::SymInt, bool) {
  return at::empty({words.expect_int(), gradient.size(-1)}, gradient.options());
}

}  // namespace

void use_meta_kernels() {
  static const torch::Library library = [] {
    torch::Library kernels(torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__);
    kernels.impl("index_select", index_select);
    kernels.impl("relu", relu);
    kernels.impl("logical_not", logical_not);
    kernels.impl("where.self", where);
    kernels.impl("where.self_out", where_out);
    kernels.impl("native_layer_norm", native_layer_norm);
    kernels.impl("native_layer_norm_backward", native_layer_norm_backward);
    kernels.impl("embedding_dense_backward", embedding_dense_backward);
    return kernels;
  }();
}

}  // namespace ablate
