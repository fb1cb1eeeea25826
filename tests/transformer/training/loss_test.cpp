// Label-smoothed cross-entropy of a batch against the formula, written out with all probabilities.
#include "transformer/training/loss.h"

#include "tests/transformer/training/support.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

constexpr std::int64_t vocabulary = tiny_vocabulary.target_size;

struct Expected {
  double loss = 0, nll = 0;
  std::int64_t correct = 0, tokens = 0;
};

/// The sum over the real tokens of -sum_v q_v log p_v; q is `right` at the right word and `other` elsewhere.
Expected by_formula(Transformer& model, const Batch& batch, double right, double other) {
  const Tensor log_p = at::log_softmax(model.logits(model.forward(batch)), -1);
  Expected expected;
  for (std::int64_t row = 0; row < batch.target_output.size(0); ++row) {
    for (std::int64_t t = 0; t < batch.target_output.size(1); ++t) {
      const auto word = batch.target_output[row][t].item<std::int64_t>();
      if (word == no_target) continue;
      for (std::int64_t v = 0; v < vocabulary; ++v) {
        expected.loss -= (v == word ? right : other) * log_p[row][t][v].item<double>();
      }
      expected.nll -= log_p[row][t][word].item<double>();
      expected.correct += log_p[row][t].argmax().item<std::int64_t>() == word;
      ++expected.tokens;
    }
  }
  return expected;
}

LossConfig smoothed(double epsilon, const char* convention) {
  return {.label_smoothing = epsilon, .smoothing = convention};
}

void check_loss(const BatchLoss& loss, const Expected& expected) {
  CHECK(loss.loss.item<double>() == Approx(expected.loss).epsilon(1e-10));
  CHECK(loss.nll.item<double>() == Approx(expected.nll).epsilon(1e-10));
  CHECK(loss.correct.item<std::int64_t>() == expected.correct);
  CHECK(loss.tokens == expected.tokens);
}

const Batch with_padding = copy_batch({{4, 5, 6, 7}, {8, 9}, {10, 11, 12}});
const Batch without_padding = copy_batch({{4, 5, 6}, {8, 9, 9}});

}  // namespace

TEST_CASE("all_words spreads epsilon over all V words, the right one included", "[training][loss]") {
  const auto model = make_tiny(tiny());
  const double epsilon = 0.3, each = epsilon / vocabulary;
  for (const Batch& batch : {with_padding, without_padding}) {
    check_loss(compute_loss(*model, batch, smoothed(epsilon, "all_words")),
               by_formula(*model, batch, 1 - epsilon + each, each));
  }
}

TEST_CASE("other_words spreads epsilon over the V - 1 wrong words", "[training][loss]") {
  const auto model = make_tiny(tiny());
  const double epsilon = 0.3;
  for (const Batch& batch : {with_padding, without_padding}) {
    check_loss(compute_loss(*model, batch, smoothed(epsilon, "other_words")),
               by_formula(*model, batch, 1 - epsilon, epsilon / (vocabulary - 1)));
  }
}

TEST_CASE("without smoothing the loss is the negative log-likelihood", "[training][loss]") {
  const auto model = make_tiny(tiny());
  for (const auto& row : smoothing_table().rows()) {
    const BatchLoss loss = compute_loss(*model, with_padding, smoothed(0, std::string(row.info.name).c_str()));
    check_loss(loss, by_formula(*model, with_padding, 1, 0));
    CHECK(loss.loss.item<double>() == loss.nll.item<double>());
  }
}

TEST_CASE("the loss in float, through the fused kernel, is that in double", "[training][loss]") {
  const auto precise = make_tiny(tiny());
  const auto fast = make_tiny(tiny(), at::kFloat);
  for (const Batch& batch : {with_padding, without_padding}) {
    const LossConfig config = smoothed(0.1, "other_words");
    const BatchLoss expected = compute_loss(*precise, batch, config), actual = compute_loss(*fast, batch, config);
    CHECK_CLOSE(actual.loss, expected.loss, 1e-5);
    CHECK_CLOSE(actual.nll, expected.nll, 1e-5);
    CHECK(actual.correct.item<std::int64_t>() == expected.correct.item<std::int64_t>());
  }
}

TEST_CASE("a split's loss is the mean per token over its batches", "[training][loss]") {
  const auto model = make_tiny(tiny());
  const std::vector<Batch> batches{with_padding, without_padding};
  const double epsilon = 0.2, each = epsilon / vocabulary;
  const SplitLoss split = evaluate_loss(
      *model, 2, [&](std::int64_t i) { return batches.at(static_cast<std::size_t>(i)); },
      smoothed(epsilon, "all_words"));
  const Expected a = by_formula(*model, with_padding, 1 - epsilon + each, each);
  const Expected b = by_formula(*model, without_padding, 1 - epsilon + each, each);
  CHECK(split.tokens == 12 + 8);
  CHECK(split.loss == Approx((a.loss + b.loss) / 20).epsilon(1e-10));
  CHECK(split.nll == Approx((a.nll + b.nll) / 20).epsilon(1e-10));
  CHECK(split.nll_sum == Approx(a.nll + b.nll).epsilon(1e-10));
  CHECK(split.accuracy == Approx(static_cast<double>(a.correct + b.correct) / 20).epsilon(1e-10));
}

TEST_CASE("a split's loss knows no dropout, draws nothing and leaves the model's mode alone", "[training][loss]") {
  const auto model = make_transformer(small_model(0.5), tiny_vocabulary, at::kCPU, 1);
  const auto loss = [&] { return evaluate_loss(*model, 1, [](std::int64_t) { return with_padding; }, {}).loss; };
  model->train();
  const Tensor before = generator_states(at::kCPU).at("random.cpu");
  const double trained = loss();
  CHECK(model->is_training());
  CHECK(generator_states(at::kCPU).at("random.cpu").equal(before));
  CHECK(loss() == trained);
  model->eval();
  CHECK(loss() == trained);
  CHECK_FALSE(model->is_training());
  for (const Tensor& parameter : model->parameters()) CHECK_FALSE(parameter.grad().defined());
}

TEST_CASE("an unknown smoothing is an error with a suggestion", "[training][loss]") {
  const auto model = make_tiny(tiny());
  CHECK_THROWS_MENTION(compute_loss(*model, with_padding, smoothed(0.1, "all_word")), "all_words");
}

TEST_CASE("in training the load of experts is a loss of its own, summed over the layers", "[training][loss]") {
  // With E = k every expert has a share of 1 / E of the choices, whatever the router says: each of the four layers
  // comes to its factor.
  const auto model = make_tiny(tiny(R"({"feed_forward.experts": {"kind": "top_k_softmax", "number": 2, "per_token": 2,
      "load_balancing": 0.25}})"));
  const LossConfig config = smoothed(0, "all_words");
  CHECK_FALSE(compute_loss(*model, with_padding, config).auxiliary.defined());
  const auto dev = [&] {
    return evaluate_loss(
               *model, 1, [](std::int64_t) { return with_padding; }, config)
        .loss;
  };
  const double before = dev();
  model->train();
  const BatchLoss loss = compute_loss(*model, with_padding, config);
  REQUIRE(loss.auxiliary.defined());
  CHECK(loss.auxiliary.item<double>() == Approx(4 * 0.25).epsilon(1e-12));
  CHECK(loss.minimised().item<double>() ==
        Approx(loss.loss.item<double>() + static_cast<double>(with_padding.target_tokens)).epsilon(1e-12));
  CHECK(dev() == before);
  CHECK(model->is_training());
}

TEST_CASE("padding on either side is no load of experts in training", "[training][loss]") {
  const auto auxiliary_of = [](const Batch& batch) {
    const auto model = make_tiny(tiny(R"({"feed_forward.experts": {"kind": "softmax_top_k", "number": 3, "per_token": 1,
        "load_balancing": 1}})"));
    model->train();
    return compute_loss(*model, batch, smoothed(0, "all_words")).auxiliary;
  };
  Batch wider = with_padding;
  const Tensor column = at::full({wider.source.size(0), 3}, pad_id, at::kLong);
  wider.source = at::cat({wider.source, column}, 1);
  wider.target_input = at::cat({wider.target_input, column}, 1);
  wider.target_output = at::cat({wider.target_output, at::full_like(column, no_target)}, 1);
  CHECK_CLOSE(auxiliary_of(wider), auxiliary_of(with_padding), tolerance::same_in_double);
}
