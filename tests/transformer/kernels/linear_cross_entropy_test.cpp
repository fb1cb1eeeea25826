#include "transformer/kernels/linear_cross_entropy.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>

#include "tests/catch.h"
#include "tests/threads.h"
#include "transformer/training/autocast.h"

using ablate::CrossEntropySums;
using ablate::linear_cross_entropy;
using ablate::plain_linear_cross_entropy;
using ablate::Tensor;

namespace {

struct Problem {
  Tensor hidden, weight, bias, target;
  Problem(std::int64_t tokens, std::int64_t width, std::int64_t vocabulary, bool with_bias) {
    at::manual_seed(11);
    hidden = at::randn({tokens, width}).requires_grad_(true);
    weight = at::randn({vocabulary, width}).requires_grad_(true);
    if (with_bias) bias = at::randn({vocabulary}).requires_grad_(true);
    target = at::randint(vocabulary, {tokens}, at::kLong);
  }
  std::vector<Tensor> inputs() const {
    return bias.defined() ? std::vector<Tensor>{hidden, weight, bias} : std::vector<Tensor>{hidden, weight};
  }
  Problem to_double() const {
    Problem other = *this;
    for (Tensor* x : {&other.hidden, &other.weight, &other.bias}) {
      if (x->defined()) *x = x->detach().to(at::kDouble).requires_grad_(true);
    }
    return other;
  }
};

CrossEntropySums fused(const Problem& p, double eps) {
  return linear_cross_entropy(p.hidden, p.weight, p.bias, p.target, eps);
}

CrossEntropySums plain(const Problem& p, double eps) {
  return plain_linear_cross_entropy(p.hidden, p.weight, p.bias, p.target, eps);
}

bool is_fused(const CrossEntropySums& sums) {
  return sums.loss.grad_fn() && sums.loss.grad_fn()->name().find("LinearCrossEntropy") != std::string::npos;
}

bool close(const Tensor& a, const Tensor& b, double tolerance) {
  return at::allclose(a.to(at::kDouble), b.to(at::kDouble), tolerance, tolerance);
}

}  // namespace

TEST_CASE("the fused cross-entropy is the plain one in values and gradients", "[kernels][cross_entropy]") {
  for (const std::int64_t tokens : {1, 5, 256, 600}) {  // less than a chunk, one, more
    for (const std::int64_t vocabulary : {2, 7, 64, 333}) {
      for (const double eps : {0.0, 0.1, 0.1 * 333 / 332}) {
        for (const bool with_bias : {false, true}) {
          INFO(tokens << " tokens, " << vocabulary << " words, eps " << eps << ", bias " << with_bias);
          const Problem problem(tokens, 12, vocabulary, with_bias);
          const Problem exact = problem.to_double();
          const CrossEntropySums actual = fused(problem, eps), expected = plain(exact, eps);
          REQUIRE(is_fused(actual));
          CHECK(close(actual.loss, expected.loss, 1e-5));
          CHECK(close(actual.nll, expected.nll, 1e-5));
          CHECK(actual.correct.item<std::int64_t>() == expected.correct.item<std::int64_t>());
          const auto gradients = torch::autograd::grad({actual.loss * 0.7}, problem.inputs());
          const auto exact_gradients = torch::autograd::grad({expected.loss * 0.7}, exact.inputs());
          for (std::size_t i = 0; i < gradients.size(); ++i) CHECK(close(gradients[i], exact_gradients[i], 2e-5));
        }
      }
    }
  }
}

TEST_CASE("the plain cross-entropy follows its formula", "[kernels][cross_entropy]") {
  const double a = std::log(1.0), b = std::log(2.0), c = std::log(5.0);  // probabilities 1/8, 2/8, 5/8
  const Tensor hidden = at::ones({2, 1}, at::kDouble), target = at::tensor({2, 0}, at::kLong);
  const Tensor weight = at::tensor({a, b, c}, at::kDouble).view({3, 1});
  const CrossEntropySums sums = plain_linear_cross_entropy(hidden, weight, Tensor(), target, 0.3);
  const double nll = -std::log(5.0 / 8) - std::log(1.0 / 8);
  const double uniform = -(std::log(1.0 / 8) + std::log(2.0 / 8) + std::log(5.0 / 8)) / 3;
  CHECK(sums.nll.item<double>() == Approx(nll));
  CHECK(sums.loss.item<double>() == Approx(0.7 * nll + 0.3 * 2 * uniform));
  CHECK(sums.correct.item<std::int64_t>() == 1);
}

TEST_CASE("mass over the other words is mass over all words with a larger eps", "[kernels][cross_entropy]") {
  const Problem problem(9, 4, 20, false);
  const double eps = 0.1, words = 20;
  const Tensor log_p = at::log_softmax(at::linear(problem.hidden, problem.weight), 1).to(at::kDouble);
  const Tensor nll = -log_p.gather(1, problem.target.unsqueeze(1)).sum();
  const Tensor others = -log_p.sum() - nll;
  const Tensor expected = (1 - eps) * nll + eps / (words - 1) * others;
  CHECK(close(fused(problem, eps * words / (words - 1)).loss, expected, 1e-5));
}

TEST_CASE("the plain cross-entropy's gradient is its finite difference", "[kernels][cross_entropy]") {
  const Problem problem = Problem(4, 3, 5, true).to_double();
  const CrossEntropySums sums = linear_cross_entropy(problem.hidden, problem.weight, problem.bias, problem.target, 0.1);
  CHECK_FALSE(is_fused(sums));
  const auto gradients = torch::autograd::grad({sums.loss}, problem.inputs());
  const at::NoGradGuard no_grad;
  for (std::size_t k = 0; k < gradients.size(); ++k) {
    const Tensor flat = problem.inputs()[k].view(-1);
    for (std::int64_t i = 0; i < flat.numel(); ++i) {
      constexpr double step = 1e-5;
      flat[i] += step;
      const double above = plain(problem, 0.1).loss.item<double>();
      flat[i] -= 2 * step;
      const double below = plain(problem, 0.1).loss.item<double>();
      flat[i] += step;
      CHECK(gradients[k].view(-1)[i].item<double>() == Approx((above - below) / (2 * step)).margin(1e-7));
    }
  }
}

TEST_CASE("the fused cross-entropy computes the gradients that are wanted", "[kernels][cross_entropy]") {
  const Problem problem(20, 6, 30, true);
  const auto all = torch::autograd::grad({fused(problem, 0.1).loss}, problem.inputs());
  for (std::size_t only = 0; only < 3; ++only) {
    Problem partial = problem;
    Tensor* const inputs[] = {&partial.hidden, &partial.weight, &partial.bias};
    for (std::size_t i = 0; i < 3; ++i) *inputs[i] = inputs[i]->detach().requires_grad_(i == only);
    const CrossEntropySums sums = fused(partial, 0.1);
    CHECK_FALSE(sums.nll.requires_grad());
    CHECK_FALSE(sums.correct.requires_grad());
    CHECK(close(torch::autograd::grad({sums.loss}, {*inputs[only]})[0], all[only], 1e-6));
  }
}

TEST_CASE("the fused cross-entropy without gradients", "[kernels][cross_entropy]") {
  const Problem problem(300, 6, 30, false);
  const CrossEntropySums expected = fused(problem, 0.1);
  const at::NoGradGuard no_grad;
  const CrossEntropySums sums = fused(problem, 0.1);
  CHECK_FALSE(sums.loss.requires_grad());
  CHECK(at::equal(sums.loss, expected.loss));
  CHECK(at::equal(sums.nll, expected.nll));
}

TEST_CASE("the fused cross-entropy takes views, and weights that are tied", "[kernels][cross_entropy]") {
  const Tensor weight = at::randn({6, 40}).requires_grad_(true), source = at::randn({6, 10}).requires_grad_(true);
  const Tensor target = at::randint(40, {10, 2}, at::kLong).select(1, 1);
  const auto gradients = [&](auto&& loss) {
    const Tensor mixed = source + weight.narrow(1, 0, 10);  // the weight is used twice
    return torch::autograd::grad({loss(mixed.t(), weight.t(), Tensor(), target, 0.1).loss}, {source, weight});
  };
  const auto actual = gradients(linear_cross_entropy), expected = gradients(plain_linear_cross_entropy);
  for (std::size_t i = 0; i < 2; ++i) CHECK(close(actual[i], expected[i], 1e-5));
}

TEST_CASE("the sums do not depend on the number of threads", "[kernels][cross_entropy]") {
  const ablate::testing::RestoreThreads restore_afterwards;
  const Problem problem(300, 8, 100, false);
  const auto run = [&](int threads) {
    at::set_num_threads(threads);
    return fused(problem, 0.1).loss;
  };
  CHECK(close(run(1), run(2), 1e-6));
}

TEST_CASE("a token with a tie is correct if its target is the first of the best", "[kernels][cross_entropy]") {
  const Tensor hidden = at::ones({3, 1}), weight = at::tensor({0.0F, 2.0F, 2.0F}).view({3, 1});
  const Tensor target = at::tensor({0, 1, 2}, at::kLong);
  CHECK(linear_cross_entropy(hidden, weight, Tensor(), target, 0).correct.item<std::int64_t>() == 1);
  CHECK(plain_linear_cross_entropy(hidden, weight, Tensor(), target, 0).correct.item<std::int64_t>() == 1);
}

TEST_CASE("extreme logits", "[kernels][cross_entropy]") {
  const Tensor hidden = at::ones({1, 1}).requires_grad_(true), target = at::tensor({1}, at::kLong);
  const auto loss = [&](float a, float b, float c) {
    return linear_cross_entropy(hidden, at::tensor({a, b, c}).view({3, 1}), Tensor(), target, 0).loss.item<double>();
  };
  constexpr float infinity = std::numeric_limits<float>::infinity();
  CHECK(loss(1e4F, 0, -1e4F) == Approx(1e4));
  CHECK(loss(-1e4F, 1e4F, 0) == 0);
  CHECK(loss(-infinity, 3, 3) == Approx(std::log(2.0)));
  CHECK(std::isnan(loss(std::numeric_limits<float>::quiet_NaN(), 0, 0)));
  CHECK(std::isnan(loss(infinity, 0, 0)));
}

TEST_CASE("no tokens, no loss", "[kernels][cross_entropy]") {
  const Problem problem(0, 3, 5, true);
  const CrossEntropySums sums = fused(problem, 0.1);
  CHECK(sums.loss.item<double>() == 0);
  CHECK(sums.correct.item<std::int64_t>() == 0);
  for (const Tensor& gradient : torch::autograd::grad({sums.loss}, problem.inputs())) {
    CHECK(gradient.abs().sum().item<double>() == 0);
  }
}

TEST_CASE("mixed precision takes the fused kernel, in 32 bits", "[kernels][cross_entropy]") {
  const Problem problem(10, 16, 50, false);
  const CrossEntropySums expected = fused(problem, 0.1);
  const ablate::Autocast bfloat16(ablate::Precision::bf16, at::kCPU);
  CHECK(at::equal(fused(problem, 0.1).loss, expected.loss));
  const Tensor hidden = problem.hidden.detach().to(at::kBFloat16).requires_grad_(true);
  const CrossEntropySums sums = linear_cross_entropy(hidden, problem.weight, Tensor(), problem.target, 0.1);
  CHECK(is_fused(sums));
  CHECK(sums.loss.scalar_type() == at::kFloat);
  CHECK(close(sums.loss, expected.loss, 2e-2));
  const Tensor gradient = torch::autograd::grad({sums.loss}, {hidden})[0];
  CHECK(gradient.scalar_type() == at::kBFloat16);
}

TEST_CASE("what the cross-entropy does not accept", "[kernels][cross_entropy]") {
  const Problem p(4, 3, 5, false);
  const Tensor narrow = at::randn({4, 2}), long_target = at::zeros({5}, at::kLong);
  CHECK_THROWS_MENTION(linear_cross_entropy(narrow, p.weight, Tensor(), p.target, 0), "hidden: expected");
  CHECK_THROWS_MENTION(linear_cross_entropy(p.hidden, p.weight, Tensor(), long_target, 0), "target: expected");
  CHECK_THROWS_MENTION(linear_cross_entropy(p.hidden, p.weight, at::zeros({4}), p.target, 0), "bias: expected");
  const Tensor beyond = at::tensor({0, 1, 5, 0}, at::kLong);
  CHECK_THROWS_MENTION(linear_cross_entropy(p.hidden, p.weight, Tensor(), beyond, 0), "target 5 at position 2");
  const auto second_derivative = [&] {
    torch::autograd::grad({fused(p, 0).loss}, {p.hidden}, {}, /*retain_graph=*/true, /*create_graph=*/true);
  };
  CHECK_THROWS_MENTION(second_derivative(), "no second derivative");
}
