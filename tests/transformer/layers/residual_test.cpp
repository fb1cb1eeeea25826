#include "transformer/layers/residual.h"

#include "tests/tensors.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

std::shared_ptr<Residual> make(const std::string& kind, double dropout = 0, const std::string& norm = "layer_norm",
                               bool is_first = true) {
  ParameterFactory factory(at::kCPU, at::kDouble);
  auto residual =
      std::make_shared<Residual>(ResidualConfig{kind}, NormConfig{.kind = norm}, dropout, 5, is_first, factory);
  randomize(*residual, 4);
  return residual;
}

Tensor sub_layer(const Tensor& x) { return 3 * x + x.square() + 1; }

/// Layer normalisation with the parameters that are registered as `name`.
Tensor normalised(Residual& residual, const std::string& name, const Tensor& x) {
  const auto parameters = residual.named_parameters();
  return at::layer_norm(x, {5}, parameters[name + ".gain"], parameters[name + ".bias"], 1e-5);
}

}  // namespace

TEST_CASE("post_norm is norm(x + f(x))", "[layers][residual]") {
  const auto residual = make("post_norm");
  const Tensor x = normal({2, 3, 5}, 1);
  CHECK_CLOSE(wire(x, {{*residual, sub_layer}}), normalised(*residual, "norm", x + sub_layer(x)),
              tolerance::same_in_double);
  CHECK(residual->named_parameters().size() == 2);
}

TEST_CASE("pre_norm is x + f(norm(x))", "[layers][residual]") {
  const auto residual = make("pre_norm");
  const Tensor x = normal({2, 3, 5}, 1);
  CHECK_CLOSE(wire(x, {{*residual, sub_layer}}), x + sub_layer(normalised(*residual, "norm", x)),
              tolerance::same_in_double);
  CHECK(residual->named_parameters().size() == 2);
}

TEST_CASE("sandwich is x + norm(f(norm(x))) with two norms", "[layers][residual]") {
  const auto residual = make("sandwich");
  const Tensor x = normal({2, 3, 5}, 1);
  const Tensor inner = sub_layer(normalised(*residual, "norm", x));
  CHECK_CLOSE(wire(x, {{*residual, sub_layer}}), x + normalised(*residual, "output_norm", inner),
              tolerance::same_in_double);
  CHECK(residual->named_parameters().size() == 4);
}

TEST_CASE("output_norm is x + norm(f(x))", "[layers][residual]") {
  const auto residual = make("output_norm");
  const Tensor x = normal({2, 3, 5}, 1);
  CHECK_CLOSE(wire(x, {{*residual, sub_layer}}), x + normalised(*residual, "output_norm", sub_layer(x)),
              tolerance::same_in_double);
  CHECK(residual->named_parameters().size() == 2);
}

TEST_CASE("parallel sub-layers read the same input, with one norm or each with its own", "[layers][residual]") {
  const Tensor x = normal({2, 3, 5}, 1);
  const auto other = [](const Tensor& y) { return y.tanh() - 2; };
  const auto first = make("parallel"), second = make("parallel", 0, "layer_norm", /*is_first=*/false);
  const Tensor read = normalised(*first, "norm", x);
  CHECK_CLOSE(wire(x, {{*first, sub_layer}, {*second, other}}), x + sub_layer(read) + other(read),
              tolerance::same_in_double);
  CHECK(second->named_parameters().size() == 0);
  const auto own = make("parallel_norms", 0, "layer_norm", /*is_first=*/false);
  const auto theirs = make("parallel_norms");
  randomize(*own, 9);
  CHECK_CLOSE(wire(x, {{*theirs, sub_layer}, {*own, other}}),
              x + sub_layer(normalised(*theirs, "norm", x)) + other(normalised(*own, "norm", x)),
              tolerance::same_in_double);
}

TEST_CASE("sub-layers one after the other read what the one before gave", "[layers][residual]") {
  const Tensor x = normal({2, 3, 5}, 1);
  const auto first = make("pre_norm"), second = make("pre_norm", 0, "layer_norm", /*is_first=*/false);
  const Tensor between = wire(x, {{*first, sub_layer}});
  CHECK_CLOSE(wire(x, {{*first, sub_layer}, {*second, sub_layer}}), wire(between, {{*second, sub_layer}}),
              tolerance::same_in_double);
}

TEST_CASE("without a norm every wiring is x + f(x)", "[layers][residual]") {
  const Tensor x = normal({2, 3, 5}, 1);
  for (const char* kind : {"post_norm", "pre_norm", "sandwich", "output_norm", "parallel", "parallel_norms"}) {
    INFO(kind);
    CHECK_CLOSE(wire(x, {{*make(kind, 0, "none"), sub_layer}}), x + sub_layer(x), tolerance::same_in_double);
  }
}

TEST_CASE("dropout acts on what is added, not on the stream", "[layers][residual]") {
  const Tensor x = normal({8, 8, 5}, 1);
  const auto sub = [](const Tensor& y) { return at::ones_like(y); };
  for (const char* kind : {"post_norm", "pre_norm", "sandwich", "output_norm", "parallel", "parallel_norms"}) {
    INFO(kind);
    const auto residual = make(kind, 0.5, "none");
    residual->train();
    at::manual_seed(2);
    const Tensor added = wire(x, {{*residual, sub}}) - x;
    CHECK(((added.abs() < 1e-12) | ((added - 2).abs() < 1e-12)).all().item<bool>());
    CHECK(added.mean().item<double>() == Approx(1).margin(0.3));
    residual->eval();
    CHECK_CLOSE(wire(x, {{*residual, sub}}), x + 1, tolerance::same_in_double);
  }
}

TEST_CASE("a stack needs a norm on top unless its sub-layers end with one", "[layers][residual]") {
  CHECK_FALSE(needs_final_norm(ResidualKind::post_norm));
  CHECK(needs_final_norm(ResidualKind::pre_norm));
  CHECK(needs_final_norm(ResidualKind::sandwich));
  CHECK(needs_final_norm(ResidualKind::output_norm));
  CHECK(needs_final_norm(ResidualKind::parallel));
}
