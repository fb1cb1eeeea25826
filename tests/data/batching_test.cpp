#include "data/batching.h"

#include <algorithm>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/data/corpus/support.h"
#include "tests/data/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::data;
using namespace ablate::data::testing;

namespace {

constexpr LengthLimits no_limits{1000, 1000};
using Indices = std::vector<std::int64_t>;

/// A joint corpus of words: 300 training pairs with 1 to 12 source and 1 to 9 target words, and 7 dev pairs.
class Fixture {
 public:
  Fixture() {
    std::string train;
    for (int i = 0; i < 300; ++i) train += words(1 + i * 7 % 12) + "\t" + words(1 + i * 5 % 9) + "\n";
    work_.write("train.tsv", train);
    work_.write("dev.tsv", "a b c\ta b\n\ta\na\t\na b c d e f g\ta b c d e\na\ta\na b\tb a\nc\tc\n");
    corpus_.emplace(
        work_.prepare(words_config(R"("reader": {"kind": "tsv"}, "train": ["train.tsv"], "dev": ["dev.tsv"])")));
  }
  const Corpus& corpus() const { return *corpus_; }
  const Split& train() const { return corpus_->split("train"); }

 private:
  static std::string words(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += (i == 0 ? "" : " ") + std::string(1, static_cast<char>('a' + i % 8));
    return text;
  }
  Workspace work_;
  std::optional<Corpus> corpus_;
};

std::vector<Indices> epoch_of(BatchPlan& plan, std::int64_t epoch) {
  std::vector<Indices> batches;
  for (std::int64_t i = 0; i < plan.size(); ++i) batches.push_back(plan.sentences(epoch, i));
  return batches;
}

Indices flatten(const std::vector<Indices>& batches) {
  Indices all;
  for (const Indices& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  return all;
}

std::vector<std::int64_t> row(const Tensor& matrix, std::int64_t i) {
  const Tensor cells = matrix[i].contiguous();
  const auto* data = cells.const_data_ptr<std::int64_t>();
  return {data, data + cells.numel()};
}

}  // namespace

TEST_CASE("collate adds the special symbols and pads on the right") {
  const std::vector<std::int32_t> two{7, 8};
  const std::vector<std::int32_t> three{4, 5, 6};
  const std::vector<Example> examples{{two, three, 11}, {three, {}, 3}};
  const Batch batch = collate(
      examples, {.source_pad = 100, .source_eos = 101, .target_pad = 200, .target_bos = 201, .target_eos = 202});
  using Row = std::vector<std::int64_t>;
  CHECK(row(batch.source, 0) == Row{7, 8, 101, 100});
  CHECK(row(batch.source, 1) == Row{4, 5, 6, 101});
  CHECK(row(batch.target_input, 0) == Row{201, 4, 5, 6});
  CHECK(row(batch.target_input, 1) == Row{201, 200, 200, 200});
  CHECK(row(batch.target_output, 0) == Row{4, 5, 6, 202});
  CHECK(row(batch.target_output, 1) == Row{202, no_target, no_target, no_target});
  CHECK(batch.source_tokens == 7);
  CHECK(batch.target_tokens == 5);
  CHECK(batch.index == std::vector<std::int64_t>{11, 3});
  CHECK_THROWS_AS(collate({}, {}), std::invalid_argument);
}

TEST_CASE("evaluation of a range of lengths: the pairs whose longer side, </s> included, lies in it") {
  const Fixture fixture;
  BatchPlan plan = BatchPlan::evaluation(fixture.corpus(), "dev", {.tokens = 60, .multiple = 1}, no_limits, {3, 4});
  // "a b c" / "a b" and "a b" / "b a"; "a" / "a" is shorter, "a b c d e f g" longer.
  Indices found = flatten(epoch_of(plan, 0));
  std::ranges::sort(found);
  CHECK(found == Indices{0, 5});
  CHECK(plan.cut() == 0);
  CHECK_THROWS_AS(BatchPlan::evaluation(fixture.corpus(), "dev", {}, no_limits, {9, 12}), UserError);
}

TEST_CASE("an epoch holds every training pair once, within the budget of tokens") {
  const Fixture fixture;
  const BatchConfig config{.tokens = 60, .multiple = 1};
  BatchPlan plan = BatchPlan::training(fixture.corpus(), "train", config, no_limits, 1);
  CHECK(plan.used() == 300);
  CHECK(plan.skipped() == 0);
  for (const std::int64_t epoch : {0, 1, 5}) {
    const auto batches = epoch_of(plan, epoch);
    const Indices all = flatten(batches);
    CHECK(all.size() == 300);
    CHECK(std::set<std::int64_t>(all.begin(), all.end()).size() == 300);
    std::int64_t padding = 0;
    std::int64_t target_tokens = 0;
    std::int64_t cells = 0;
    for (std::int64_t i = 0; i < plan.size(); ++i) {
      const Batch batch = plan.batch(epoch, i);
      CHECK(batch.index == batches[static_cast<std::size_t>(i)]);
      CHECK(batch.source.numel() <= 60);
      CHECK(batch.target_output.numel() <= 60);
      const std::int64_t both = batch.source.numel() + batch.target_output.numel();
      padding += both - batch.source_tokens - batch.target_tokens;
      cells += both;
      target_tokens += batch.target_tokens;
    }
    CHECK(target_tokens == plan.target_tokens());
    CHECK(plan.padding_share() == Approx(static_cast<double>(padding) / static_cast<double>(cells)));
  }
}

TEST_CASE("a batch holds the ids of its pairs") {
  const Fixture fixture;
  BatchPlan plan = BatchPlan::training(fixture.corpus(), "train", {.tokens = 60}, no_limits, 1);
  const Batch batch = plan.batch(2, 3);
  const BatchSymbols symbols = batch_symbols(fixture.corpus());
  for (std::size_t i = 0; i < batch.index.size(); ++i) {
    const auto source = fixture.train().source(batch.index[i]);
    std::vector<std::int64_t> expected(source.begin(), source.end());
    expected.push_back(symbols.source_eos);
    expected.resize(static_cast<std::size_t>(batch.source.size(1)), symbols.source_pad);
    CHECK(row(batch.source, static_cast<std::int64_t>(i)) == expected);
  }
}

TEST_CASE("the order is a function of seed and epoch alone") {
  const Fixture fixture;
  const BatchConfig config{.tokens = 60};
  const auto plan_of = [&](std::uint64_t seed) {
    return BatchPlan::training(fixture.corpus(), "train", config, no_limits, seed);
  };
  BatchPlan one = plan_of(1);
  const auto first = epoch_of(one, 0);
  const auto second = epoch_of(one, 1);
  CHECK(first != second);
  CHECK(epoch_of(one, 0) == first);
  BatchPlan again = plan_of(1);
  CHECK(epoch_of(again, 1) == second);
  CHECK(again.sentences(0, 2) == first[2]);
  BatchPlan other = plan_of(2);
  CHECK(epoch_of(other, 0) != first);
}

TEST_CASE("all epochs have batches of the same shapes, and sentences change company") {
  const Fixture fixture;
  BatchPlan plan = BatchPlan::training(fixture.corpus(), "train", {.tokens = 60}, no_limits, 1);
  const auto shapes = [&](std::int64_t epoch) {
    std::multiset<std::vector<std::int64_t>> all;
    for (std::int64_t i = 0; i < plan.size(); ++i) {
      const Batch batch = plan.batch(epoch, i);
      all.insert({batch.source.size(0), batch.source.size(1), batch.target_input.size(1)});
    }
    return all;
  };
  CHECK(shapes(0) == shapes(3));
  const auto as_sets = [&](std::int64_t epoch) {
    std::set<std::set<std::int64_t>> all;
    for (const Indices& batch : epoch_of(plan, epoch)) all.insert({batch.begin(), batch.end()});
    return all;
  };
  CHECK(as_sets(0) != as_sets(1));
}

TEST_CASE("sentences of similar length come together") {
  const Fixture fixture;
  BatchPlan plan = BatchPlan::training(fixture.corpus(), "train", {.tokens = 100, .multiple = 1}, no_limits, 1);
  CHECK(plan.padding_share() < 0.25);
  const BatchConfig all_at_once{.tokens = 1'000'000, .multiple = 1};
  CHECK(BatchPlan::training(fixture.corpus(), "train", all_at_once, no_limits, 1).padding_share() > 0.35);
}

TEST_CASE("the number of sentences can be bounded and made a multiple") {
  const Fixture fixture;
  const BatchConfig at_most_seven{.tokens = 1000, .sentences = 7, .multiple = 1};
  BatchPlan bounded = BatchPlan::training(fixture.corpus(), "train", at_most_seven, no_limits, 1);
  CHECK(bounded.size() == 43);  // 300 = 42 * 7 + 6
  const BatchConfig fours{.tokens = 100, .multiple = 4};
  BatchPlan multiple = BatchPlan::training(fixture.corpus(), "train", fours, no_limits, 1);
  int odd = 0;
  for (const Indices& batch : epoch_of(multiple, 0)) odd += batch.size() % 4 != 0 && batch.size() > 4 ? 1 : 0;
  CHECK(odd <= 1);  // the last one of the order of lengths
  CHECK(flatten(epoch_of(multiple, 0)).size() == 300);
}

TEST_CASE("training leaves out sentences that are too long, and counts them") {
  const Fixture fixture;
  std::int64_t expected = 0;
  for (std::int64_t i = 0; i < fixture.train().size(); ++i) {
    expected += fixture.train().source_length(i) + 1 > 10 || fixture.train().target_length(i) + 1 > 8 ? 1 : 0;
  }
  REQUIRE(expected > 0);
  BatchPlan plan = BatchPlan::training(fixture.corpus(), "train", {.tokens = 60}, {10, 8}, 1);
  CHECK(plan.skipped() == expected);
  CHECK(plan.used() == 300 - expected);
  for (std::int64_t i = 0; i < plan.size(); ++i) {
    CHECK(plan.batch(0, i).source.size(1) <= 10);
    CHECK(plan.batch(0, i).target_input.size(1) <= 8);
  }
  CHECK_THROWS_AS(BatchPlan::training(fixture.corpus(), "train", {}, {1, 1}, 1), UserError);
}

TEST_CASE("evaluation keeps every sentence, empty ones too, and cuts what is too long") {
  const Fixture fixture;
  BatchPlan plan = BatchPlan::evaluation(fixture.corpus(), "dev", {.tokens = 8, .multiple = 1}, {5, 4});
  Indices all = flatten(epoch_of(plan, 0));
  std::ranges::sort(all);
  CHECK(all == Indices{0, 1, 2, 3, 4, 5, 6});
  CHECK(plan.cut() == 1);
  CHECK(plan.skipped() == 0);
  for (std::int64_t i = 0; i < plan.size(); ++i) {
    const Batch batch = plan.batch(0, i);
    CHECK(batch.source.size(1) <= 5);
    CHECK(batch.target_output.size(1) <= 4);
    for (std::int64_t r = 0; r < batch.source.size(0); ++r) {
      CHECK(batch.source[r].eq(batch_symbols(fixture.corpus()).source_eos).sum().item<std::int64_t>() == 1);
    }
  }
  BatchPlan again = BatchPlan::evaluation(fixture.corpus(), "dev", {.tokens = 8, .multiple = 1}, {5, 4});
  CHECK(epoch_of(again, 0) == epoch_of(plan, 0));
}

TEST_CASE("a sentence longer than the budget is a batch of its own") {
  const Fixture fixture;
  BatchPlan plan = BatchPlan::training(fixture.corpus(), "train", {.tokens = 5}, no_limits, 1);
  CHECK(flatten(epoch_of(plan, 0)).size() == 300);
  for (std::int64_t i = 0; i < plan.size(); ++i) {
    const Batch batch = plan.batch(0, i);
    CHECK((batch.source.size(0) == 1 || (batch.source.numel() <= 5 && batch.target_input.numel() <= 5)));
  }
}

TEST_CASE("batches and epochs that do not exist are refused") {
  const Fixture fixture;
  BatchPlan training = BatchPlan::training(fixture.corpus(), "train", {}, no_limits, 1);
  CHECK_THROWS_AS(training.batch(0, training.size()), std::out_of_range);
  CHECK_THROWS_AS(training.batch(-1, 0), std::out_of_range);
  BatchPlan evaluation = BatchPlan::evaluation(fixture.corpus(), "dev", {}, no_limits);
  CHECK_THROWS_AS(evaluation.batch(1, 0), std::out_of_range);
  CHECK_THROWS_MENTION(BatchPlan::evaluation(fixture.corpus(), "tset", {}, no_limits), "no split 'tset'");
}

TEST_CASE("the batch section is read strictly") {
  CHECK(from_json<BatchConfig>(R"({"tokens": 1024, "sentences": 8})").sentences == 8);
  CHECK_THROWS_MENTION(from_json<BatchConfig>(R"({"tokens": 0})"), "tokens: must be at least 1");
  CHECK_THROWS_MENTION(from_json<BatchConfig>(R"({"token": 10})"), "did you mean 'tokens'?");
}
