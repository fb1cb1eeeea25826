#include "transformer/kernels/top_words.h"

#include <cmath>
#include <limits>

#include "tests/tensors.h"
#include "tests/threads.h"
#include "transformer/decoding/step_decoder.h"
#include "transformer/kernels/packed_product.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

/// All log-probabilities, those of `never` put out of reach, and the best of them.
BestTokens plain_top(const Tensor& hidden, const Tensor& weight, const Tensor& bias, std::int64_t k,
                     const std::vector<std::int64_t>& never) {
  const std::optional<Tensor> shift = bias.defined() ? std::optional(bias) : std::nullopt;
  const Tensor log_p = at::log_softmax(at::linear(hidden, weight, shift), -1);
  return BestTokens(log_p.index_fill(1, at::tensor(never, at::kLong), minus_infinity), k);
}

void check_top(const Tensor& hidden, const Tensor& weight, const Tensor& bias, std::int64_t k,
               const std::vector<std::int64_t>& never) {
  const KeepPackedWeights keep;
  const auto actual = top_words(hidden, weight, bias, k, never);
  REQUIRE(actual);
  REQUIRE(actual->size() == static_cast<std::size_t>(hidden.size(0)));
  const BestTokens expected = plain_top(hidden, weight, bias, k, never);
  for (std::size_t row = 0; row < actual->size(); ++row) {
    const auto wanted = expected.row(static_cast<std::int64_t>(row));
    REQUIRE((*actual)[row].size() == wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      CHECK((*actual)[row][i].token == wanted[i].token);
      CHECK((*actual)[row][i].log_probability == Approx(wanted[i].log_probability).margin(1e-5));
    }
  }
}

}  // namespace

TEST_CASE("the top words are the best of all log-probabilities", "[kernels][top_words]") {
  for (const std::int64_t vocabulary : {3, 7, 16, 255, 256, 257, 1000, 5000}) {
    for (const std::int64_t rows : {1, 6, 13}) {
      for (const std::int64_t k :
           {std::int64_t{1}, std::int64_t{2}, std::int64_t{8}, vocabulary < 300 ? vocabulary + 1 : std::int64_t{12}}) {
        for (const bool bias : {false, true}) {
          INFO(vocabulary << " words, " << rows << " rows, the best " << k << (bias ? ", bias" : ""));
          check_top(normal({rows, 24}, 1, at::kFloat), normal({vocabulary, 24}, 2, at::kFloat),
                    bias ? normal({vocabulary}, 3, at::kFloat) : Tensor(), k, {0, vocabulary - 1});
        }
      }
    }
  }
}

TEST_CASE("of words that are as likely the first come first, wherever they stand", "[kernels][top_words]") {
  const Tensor hidden = at::ones({2, 1});
  Tensor weight = at::zeros({700, 1});
  for (const std::int64_t word : {690, 300, 20, 19}) weight[word] = 2;
  check_top(hidden, weight, Tensor(), 3, {});
  check_top(hidden, weight, Tensor(), 3, {20});
  check_top(hidden, at::zeros({700, 1}), Tensor(), 5, {1});
}

TEST_CASE("impossible words are left out and numbers that are none are handed on", "[kernels][top_words]") {
  constexpr float none = -std::numeric_limits<float>::infinity();
  const Tensor hidden = at::ones({1, 1});
  check_top(hidden, at::tensor({none, 1.0F, none, 3.0F}).view({4, 1}), Tensor(), 4, {});
  const KeepPackedWeights keep;
  const Tensor broken = at::full({300, 1}, std::numeric_limits<float>::quiet_NaN());
  const auto found = top_words(hidden, broken, Tensor(), 2, {});
  REQUIRE(found);
  CHECK_THROWS_MENTION(BestTokens(*found), "not numbers");
  Tensor one = at::zeros({300, 1});
  one[299] = std::numeric_limits<float>::quiet_NaN();
  const auto with_one = top_words(hidden, one, Tensor(), 2, {});
  REQUIRE(with_one);
  CHECK_THROWS_MENTION(BestTokens(*with_one), "not numbers");
}

TEST_CASE("the top words do not depend on the number of threads", "[kernels][top_words]") {
  const RestoreThreads restore_afterwards;
  const Tensor hidden = normal({9, 16}, 1, at::kFloat), weight = normal({3000, 16}, 2, at::kFloat);
  const auto run = [&](int threads) {
    at::set_num_threads(threads);
    const KeepPackedWeights keep;
    return *top_words(hidden, weight, Tensor(), 4, {0});
  };
  const auto one = run(1), two = run(2);
  for (std::size_t row = 0; row < one.size(); ++row) {
    for (std::size_t i = 0; i < one[row].size(); ++i) {
      CHECK(one[row][i].token == two[row][i].token);
      CHECK(one[row][i].log_probability == two[row][i].log_probability);
    }
  }
}

TEST_CASE("there are no top words without a kernel", "[kernels][top_words]") {
  const Tensor hidden = at::ones({1, 2}), weight = at::ones({5, 2});
  CHECK_FALSE(top_words(hidden, weight, Tensor(), 1, {}));
  const KeepPackedWeights keep;
  CHECK_FALSE(top_words(hidden.to(at::kDouble), weight.to(at::kDouble), Tensor(), 1, {}));
}
