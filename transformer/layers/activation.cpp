#include "transformer/layers/activation.h"

namespace ablate::activation {

Tensor relu(const Tensor& x) { return at::relu(x); }
Tensor gelu(const Tensor& x) { return at::gelu(x); }
Tensor gelu_tanh(const Tensor& x) { return at::gelu(x, "tanh"); }
Tensor swish(const Tensor& x) { return at::silu(x); }
Tensor tanh(const Tensor& x) { return at::tanh(x); }
Tensor elu(const Tensor& x) { return at::elu(x); }
Tensor selu(const Tensor& x) { return at::selu(x); }
Tensor sigmoid(const Tensor& x) { return at::sigmoid(x); }
Tensor softplus(const Tensor& x) { return at::softplus(x); }
Tensor squared_relu(const Tensor& x) { return at::square(at::relu(x)); }
Tensor identity(const Tensor& x) { return x; }

}  // namespace ablate::activation
