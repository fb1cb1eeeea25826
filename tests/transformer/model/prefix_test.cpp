// A decoder that sees the first tokens of a row from both sides (Raffel et al. 2020, section 3.2.1, figure 3).
#include "tests/transformer/model/configs.h"
#include "transformer/training/loss.h"

using namespace ablate;
using namespace ablate::testing;

namespace {

const char* const tiny_prefix_decoder = R"({"family": "decoder", "d_model": 8, "max_length": 32, "dropout": 0,
    "attention.heads": 4, "feed_forward.d_ff": 6, "decoder.layers": 2})";

const std::vector<std::string> prefix_mixes{
    "{}",
    R"({"residual.kind": "pre_norm", "position.kind": "rotary", "attention.kind": "grouped_query"})",
    R"({"position.kind": "alibi", "attention.window": 3})",
    R"({"position.kind": "t5_buckets"})",
    R"({"position.kind": "shaw"})",
    R"({"position.kind": "transformer_xl"})",
    R"({"attention.soft_cap": 2})",
};

std::shared_ptr<Transformer> prefix_decoder(const std::string& mix, at::ScalarType dtype = at::kDouble) {
  ModelConfig config = read_model(mix, tiny_prefix_decoder);
  config.decoder.reads_prefix = true;
  return make_tiny(config, dtype);
}

const Tensor two_rows = tokens({{3, 4, 5, 6, 7, 8, 9}, {3, 9, 10, 11, 12, 5, 6}});
const Tensor two_prefixes = at::tensor(std::vector<std::int64_t>{2, 5}, at::kLong);

Tensor states_of(Transformer& model, const Tensor& tokens_BT, const Tensor& prefix, AttentionTrace* trace = nullptr) {
  return model.decode(tokens_BT, {}, nullptr, trace, {}, prefix);
}

/// Positions whose states change with the token at `place`.
std::vector<bool> reached_from(Transformer& model, std::int64_t row, std::int64_t place) {
  Tensor other = two_rows.clone();
  other[row][place] = 2;
  const Tensor far =
      (states_of(model, other, two_prefixes) - states_of(model, two_rows, two_prefixes))[row].abs().amax(-1);  // (T)
  std::vector<bool> reached;
  for (std::int64_t t = 0; t < far.size(0); ++t) reached.push_back(far[t].item<double>() > 1e-9);
  return reached;
}

}  // namespace

TEST_CASE("prefix: its tokens are seen from the whole row, the others from those behind them", "[model][decoder]") {
  for (const std::string& mix : prefix_mixes) {
    INFO(mix);
    const auto model = prefix_decoder(mix);
    for (std::int64_t row = 0; row < 2; ++row) {
      const std::int64_t prefix = two_prefixes[row].item<std::int64_t>();
      for (std::int64_t place = 0; place < 7; ++place) {
        INFO("row " << row << ", place " << place);
        const std::vector<bool> reached = reached_from(*model, row, place);
        for (std::int64_t t = 0; t < 7; ++t) {
          // Two layers of a window of three reach four positions far.
          const bool is_near = mix.find("window") == std::string::npos || std::abs(t - place) <= 4;
          const bool is_seen = t >= place || (place < prefix && t < prefix);
          CHECK(reached[static_cast<std::size_t>(t)] == (is_seen && is_near));
        }
      }
    }
  }
}

TEST_CASE("prefix: one of a single token is none", "[model][decoder]") {
  for (const std::string& mix : prefix_mixes) {
    INFO(mix);
    const auto model = prefix_decoder(mix);
    CHECK_CLOSE(states_of(*model, two_rows, at::ones({2}, at::kLong)), states_of(*model, two_rows, {}),
                tolerance::same_in_double);
  }
}

TEST_CASE("prefix: the fast path is the plain formula", "[model][decoder]") {
  for (const std::string& mix : prefix_mixes) {
    INFO(mix);
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
      const auto model = prefix_decoder(mix, dtype);
      AttentionTrace trace;
      const double near = dtype == at::kFloat ? tolerance::gradient_in_float : tolerance::same_in_double;  // two layers
      CHECK_CLOSE(states_of(*model, two_rows, two_prefixes), states_of(*model, two_rows, two_prefixes, &trace), near);
      REQUIRE(trace.weights_BHTS.size() == 2);
      const Tensor weights = trace.weights_BHTS[0].second[1];  // (H, T, S) of the row with a prefix of five
      CHECK(weights.slice(1, 0, 5).slice(2, 5).eq(0).all().item<bool>());
      CHECK(weights[0][0][2].item<double>() > 0);
    }
  }
}

TEST_CASE("prefix: with a cache it is read at once, and what follows in pieces", "[model][decoder]") {
  for (const std::string& mix : prefix_mixes) {
    INFO(mix);
    const auto model = prefix_decoder(mix);
    const Tensor whole = states_of(*model, two_rows, two_prefixes);
    for (const std::vector<std::int64_t>& ends : {std::vector<std::int64_t>{7}, {5, 6, 7}, {6, 7}, {5, 7}}) {
      DecoderCache cache;
      std::vector<Tensor> pieces;
      for (const std::int64_t end : ends) {
        const Tensor prefix = cache.length == 0 ? two_prefixes : Tensor();
        pieces.push_back(model->decode(two_rows.slice(1, cache.length, end), {}, &cache, nullptr, {}, prefix));
      }
      CHECK_CLOSE(at::cat(pieces, 1), whole, tolerance::same_in_double);
    }
    DecoderCache cache;
    model->decode(two_rows.slice(1, 0, 3), {}, &cache);
    CHECK_THROWS_AS(model->decode(two_rows.slice(1, 3), {}, &cache, nullptr, {}, two_prefixes), std::logic_error);
  }
  const auto looks_back = make_tiny(read_model("{}", tiny_prefix_decoder));
  CHECK_FALSE(looks_back->reads_prefix());
  CHECK_THROWS_AS(states_of(*looks_back, two_rows, two_prefixes), std::logic_error);
  CHECK_THROWS_AS(states_of(*prefix_decoder("{}"), two_rows, at::ones({3}, at::kLong)), std::invalid_argument);
}

TEST_CASE("prefix: a batch brings it to the loss", "[model][decoder]") {
  const auto model = prefix_decoder("{}");
  Batch batch;
  batch.target_input = two_rows;
  batch.target_output = at::cat({two_rows.slice(1, 1), at::full({2, 1}, 4, at::kLong)}, 1);
  batch.target_output[0].slice(0, 0, 1).fill_(no_target);
  batch.target_output[1].slice(0, 0, 4).fill_(no_target);
  batch.target_tokens = 6 + 3;
  batch.prefix = two_prefixes;
  const BatchLoss loss = compute_loss(*model, batch, {.label_smoothing = 0});
  const Tensor log_p = at::log_softmax(model->logits(states_of(*model, two_rows, two_prefixes)), -1);
  double expected = 0;
  for (std::int64_t row = 0; row < 2; ++row) {
    for (std::int64_t t = two_prefixes[row].item<std::int64_t>() - 1; t < 7; ++t) {
      expected -= log_p[row][t][batch.target_output[row][t].item<std::int64_t>()].item<double>();
    }
  }
  CHECK(loss.nll.item<double>() == Approx(expected).epsilon(1e-10));
  batch.prefix = Tensor();
  CHECK(compute_loss(*model, batch, {.label_smoothing = 0}).nll.item<double>() != Approx(expected).epsilon(1e-10));
}
