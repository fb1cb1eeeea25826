#pragma once
// Elementwise activations, (…) -> (…): stateless functions, alone or as the gate of a gated linear unit.
#include "transformer/core/torch.h"

namespace ablate::activation {

Tensor relu(const Tensor& x);       ///< max(x, 0)
Tensor gelu(const Tensor& x);       ///< x * Phi(x), exact (Hendrycks & Gimpel 2016)
Tensor gelu_tanh(const Tensor& x);  ///< its tanh approximation
Tensor swish(const Tensor& x);      ///< x * sigmoid(x) (Ramachandran et al. 2017, beta = 1)
Tensor tanh(const Tensor& x);
Tensor elu(const Tensor& x);   ///< x > 0 ? x : exp(x) - 1 (Clevert et al. 2015)
Tensor selu(const Tensor& x);  ///< self-normalising ELU (Klambauer et al. 2017)
Tensor sigmoid(const Tensor& x);
Tensor softplus(const Tensor& x);      ///< log(1 + exp(x)) (Dugas et al. 2001)
Tensor squared_relu(const Tensor& x);  ///< max(x, 0)^2 (So et al. 2021)
Tensor identity(const Tensor& x);

}  // namespace ablate::activation
