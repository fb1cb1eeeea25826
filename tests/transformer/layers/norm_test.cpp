#include "transformer/layers/norm.h"

#include "tests/tensors.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

std::shared_ptr<Norm> initialized_norm(const NormConfig& config, std::int64_t d_model,
                                       at::ScalarType dtype = at::kDouble) {
  ParameterFactory factory(at::kCPU, dtype);
  std::shared_ptr<Norm> norm = make_norm(config, d_model, factory);
  factory.initialize(1);
  return norm;
}

}  // namespace

TEST_CASE("layer_norm is (x - mean) / sqrt(var + eps) * gain + bias", "[layers][norm]") {
  const auto norm = initialized_norm({.kind = "layer_norm", .eps = 0.1}, 5);
  randomize(*norm, 2);
  const Tensor x = normal({3, 4, 5}, 3);
  const Tensor mean = x.mean(-1, /*keepdim=*/true);
  const Tensor variance = (x - mean).square().mean(-1, true);
  const auto parameters = norm->named_parameters();
  const Tensor expected = (x - mean) / (variance + 0.1).sqrt() * parameters["gain"] + parameters["bias"];
  CHECK_CLOSE(norm->forward(x), expected, tolerance::same_in_double);
}

TEST_CASE("layer_norm gives a figure worked out by hand", "[layers][norm]") {
  const auto norm = initialized_norm({.kind = "layer_norm", .eps = 1e-12}, 2);
  CHECK_CLOSE(norm->forward(at::tensor({1.0, 3.0})), at::tensor({-1.0, 1.0}), 1e-11);
  const auto wide = initialized_norm({.kind = "layer_norm", .eps = 3}, 2);  // var = 1: the denominator is sqrt(1 + 3)
  CHECK_CLOSE(wide->forward(at::tensor({1.0, 3.0})), at::tensor({-0.5, 0.5}), tolerance::same_in_double);
}

TEST_CASE("layer_norm without bias has a gain alone", "[layers][norm]") {
  const auto norm = initialized_norm({.kind = "layer_norm", .bias = false}, 5);
  CHECK(norm->named_parameters().size() == 1);
  const Tensor y = norm->forward(normal({2, 5}, 1));
  CHECK_CLOSE(y.mean(-1), at::zeros({2}, at::kDouble), tolerance::same_in_double);
  CHECK_CLOSE(norm->forward(normal({2, 5}, 1) + 7), y, 1e-11);
}

TEST_CASE("rms_norm is x / sqrt(mean(x^2) + eps) * gain", "[layers][norm]") {
  const auto norm = initialized_norm({.kind = "rms_norm", .eps = 0.1}, 5);
  randomize(*norm, 2);
  const Tensor x = normal({3, 4, 5}, 3);
  const Tensor expected = x / (x.square().mean(-1, /*keepdim=*/true) + 0.1).sqrt() * norm->named_parameters()["gain"];
  CHECK_CLOSE(norm->forward(x), expected, tolerance::same_in_double);
  CHECK(norm->named_parameters().size() == 1);
}

TEST_CASE("rms_norm gives a figure worked out by hand", "[layers][norm]") {
  const auto norm = initialized_norm({.kind = "rms_norm", .eps = 1e-12}, 2);
  CHECK_CLOSE(norm->forward(at::tensor({1.0, 7.0})), at::tensor({0.2, 1.4}), 1e-11);  // sqrt(50 / 2) = 5
}

TEST_CASE("p_rms_norm takes the mean square of the first coordinates", "[layers][norm]") {
  const auto norm = initialized_norm({.kind = "p_rms_norm", .eps = 0.1, .partial = 0.3}, 5);  // ceil(1.5) = 2
  randomize(*norm, 2);
  const Tensor x = normal({3, 4, 5}, 3);
  const Tensor mean_square = (x.select(-1, 0).square() + x.select(-1, 1).square()) / 2;
  const Tensor expected = x / (mean_square + 0.1).sqrt().unsqueeze(-1) * norm->named_parameters()["gain"];
  CHECK_CLOSE(norm->forward(x), expected, tolerance::same_in_double);
}

TEST_CASE("p_rms_norm of all coordinates is rms_norm", "[layers][norm]") {
  const Tensor x = normal({3, 6}, 3);
  const auto all = initialized_norm({.kind = "p_rms_norm", .partial = 1}, 6);
  CHECK_CLOSE(all->forward(x), initialized_norm({.kind = "rms_norm"}, 6)->forward(x), tolerance::same_in_double);
}

TEST_CASE("scale_norm is g x / |x| with one gain that starts at sqrt(D)", "[layers][norm]") {
  const auto norm = initialized_norm({.kind = "scale_norm"}, 4);
  REQUIRE(norm->named_parameters().size() == 1);
  CHECK(norm->named_parameters()["gain"].numel() == 1);
  CHECK_CLOSE(norm->forward(at::tensor({1.0, 3.0, 1.0, 5.0})), at::tensor({1.0, 3.0, 1.0, 5.0}) / 3, 1e-12);  // |x| = 6
  randomize(*norm, 2);
  const Tensor x = normal({3, 4}, 3);
  const Tensor expected = x / x.square().sum(-1, /*keepdim=*/true).sqrt() * norm->named_parameters()["gain"];
  CHECK_CLOSE(norm->forward(x), expected, tolerance::same_in_double);
}

TEST_CASE("scale_norm with a gain that is not learned has no parameters", "[layers][norm]") {
  const auto norm = initialized_norm({.kind = "scale_norm", .learned = false}, 4);
  CHECK(norm->parameters().empty());
  CHECK_CLOSE(norm->forward(at::tensor({1.0, 3.0, 1.0, 5.0})), at::tensor({1.0, 3.0, 1.0, 5.0}) / 3, 1e-12);
}

TEST_CASE("no norm is the identity and has no parameters", "[layers][norm]") {
  const auto norm = initialized_norm({.kind = "none"}, 5);
  const Tensor x = normal({2, 5}, 1);
  CHECK(norm->forward(x).equal(x));
  CHECK(norm->parameters().empty());
}

TEST_CASE("a norm starts with unit gain and zero bias", "[layers][norm]") {
  const auto norm = initialized_norm({.kind = "layer_norm"}, 5, at::kFloat);
  CHECK(norm->named_parameters()["gain"].equal(at::ones({5})));
  CHECK(norm->named_parameters()["bias"].equal(at::zeros({5})));
}

TEST_CASE("a vector without variance stays finite, forward and backward", "[layers][norm]") {
  for (const char* kind : {"layer_norm", "rms_norm", "p_rms_norm", "scale_norm"}) {
    INFO(kind);
    const auto norm = initialized_norm({.kind = kind}, 4, at::kFloat);
    const Tensor x = at::zeros({2, 4}).requires_grad_();
    const Tensor y = norm->forward(x);
    y.sum().backward();
    CHECK(y.isfinite().all().item<bool>());
    CHECK(x.grad().isfinite().all().item<bool>());
  }
}

TEST_CASE("with gain_offset what is learned is the gain above one, from zero on", "[layers][norm]") {
  for (const char* kind : {"layer_norm", "rms_norm", "p_rms_norm"}) {
    INFO(kind);
    const NormConfig plain{.kind = kind, .partial = 0.5}, above{.kind = kind, .partial = 0.5, .gain_offset = true};
    for (const at::ScalarType dtype : {at::kDouble, at::kFloat}) {
      const auto expected = initialized_norm(plain, 6, dtype), offset = initialized_norm(above, 6, dtype);
      const Tensor x = normal({3, 6}, 1, dtype), f = normal({3, 6}, 2, dtype);
      CHECK(offset->named_parameters()["gain"].abs().max().item<double>() == 0);
      CHECK_CLOSE(offset->forward(x), expected->forward(x), 1e-6);
      {
        const at::NoGradGuard no_grad;
        const Tensor gain = normal({6}, 3, dtype);
        expected->named_parameters()["gain"].copy_(gain);
        offset->named_parameters()["gain"].copy_(gain - 1);
      }
      CHECK_CLOSE(offset->forward(x), expected->forward(x), 1e-6);
      CHECK_CLOSE(offset->forward_sum(x, f, 0, false), expected->forward_sum(x, f, 0, false), 1e-6);
      weighted_sum(offset->forward_sum(x, f, 0, false)).backward();
      weighted_sum(expected->forward_sum(x, f, 0, false)).backward();
      CHECK_CLOSE(offset->named_parameters()["gain"].grad(), expected->named_parameters()["gain"].grad(), 1e-5);
    }
  }
}
