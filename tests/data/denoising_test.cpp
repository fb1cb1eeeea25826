// The noise of BART (Lewis et al. 2020, section 2.2).
#include "data/denoising.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "data/objective_symbols.h"
#include "tests/catch.h"
#include "tests/data/tokenizers/support.h"

using namespace ablate;
using namespace ablate::data;

namespace {

using Tokens = std::vector<std::int32_t>;

constexpr std::int32_t mask_token = 100;

/// Ids below 100; those that are multiples of 10 end a sentence.
NoiseVocabulary hundred_tokens() {
  NoiseVocabulary vocabulary{mask_token, {}};
  for (int id = 0; id < 100; ++id) vocabulary.ends_sentence.push_back(id % 10 == 0);
  return vocabulary;
}

/// No noise at all: tests turn on one kind.
ObjectiveConfig silent() {
  ObjectiveConfig objective;
  objective.kind = "denoising";
  objective.text_infilling = 0;
  objective.sentence_permutation = 0;
  return objective;
}

Tokens noisy(const Tokens& tokens, const ObjectiveConfig& objective, std::uint64_t seed) {
  SplitMix64 random(seed);
  return add_noise(tokens, objective, hundred_tokens(), random);
}

/// The tokens 1 … 99, with an end of a sentence at 10, 20, …
Tokens one_to(std::int32_t last) {
  Tokens tokens(static_cast<std::size_t>(last));
  std::iota(tokens.begin(), tokens.end(), 1);
  return tokens;
}

std::int64_t masks_in(const Tokens& tokens) { return std::ranges::count(tokens, mask_token); }

Tokens without_masks(Tokens tokens) {
  std::erase(tokens, mask_token);
  return tokens;
}

/// Tokens of a row that has none twice, in the order of the text.
bool is_in_order(const Tokens& tokens) { return std::ranges::is_sorted(tokens); }

}  // namespace

TEST_CASE("denoising: without noise the row is the text", "[data]") {
  CHECK(noisy(one_to(30), silent(), 1) == one_to(30));
  CHECK(noisy({}, silent(), 1).empty());
}

TEST_CASE("denoising: masks and gaps are as many as was asked for", "[data]") {
  ObjectiveConfig masking = silent(), deletion = silent();
  masking.token_masking = 0.25;
  deletion.token_deletion = 0.25;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Tokens masked = noisy(one_to(50), masking, seed);
    CHECK(masks_in(masked) == 13);  // 12.5
    REQUIRE(masked.size() == 50);
    for (std::size_t i = 0; i < masked.size(); ++i) {
      CHECK((masked[i] == mask_token || masked[i] == static_cast<std::int32_t>(i) + 1));
    }
    const Tokens left = noisy(one_to(50), deletion, seed);
    CHECK(left.size() == 37);
    CHECK(is_in_order(left));
    CHECK(masks_in(left) == 0);
  }
  masking.token_masking = 1;
  CHECK(noisy(one_to(3), masking, 1) == Tokens{mask_token, mask_token, mask_token});
}

TEST_CASE("denoising: one mask stands for each span, and the share of tokens in spans is kept", "[data]") {
  ObjectiveConfig infilling = silent();
  infilling.text_infilling = 0.3;
  double masks = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Tokens filled = noisy(one_to(90), infilling, seed);
    CHECK(without_masks(filled).size() == 63);
    CHECK(is_in_order(without_masks(filled)));
    CHECK(filled.size() <= 90);
    masks += static_cast<double>(masks_in(filled));
  }
  // Draws until they make up 27: on average they would go 1.5 beyond, and each is 3.
  CHECK(masks / 300 == Approx(28.5 / 3).margin(0.5));
  infilling.text_infilling = 1;
  const Tokens all = noisy(one_to(40), infilling, 1);
  CHECK(masks_in(all) == static_cast<std::int64_t>(all.size()));
}

TEST_CASE("denoising: masks that are put in never make a row longer than its text", "[data]") {
  ObjectiveConfig infilling = silent();
  infilling.span_length = 0.1;  // nine spans of ten have no token
  for (const double share : {0.1, 0.5, 1.0}) {
    infilling.text_infilling = share;
    for (std::uint64_t seed = 0; seed < 20; ++seed) CHECK(noisy(one_to(30), infilling, seed).size() == 30);
  }
}

TEST_CASE("denoising: sentences change places as wholes", "[data]") {
  ObjectiveConfig permutation = silent();
  permutation.sentence_permutation = 1;
  std::map<std::int32_t, int> firsts;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const Tokens permuted = noisy(one_to(35), permutation, seed);
    Tokens sorted = permuted;
    std::ranges::sort(sorted);
    REQUIRE(sorted == one_to(35));
    ++firsts[permuted.front()];
    // Behind each token but the last of its sentence the next one follows: 1 … 10, 11 … 20, 21 … 30, 31 … 35.
    for (std::size_t i = 0; i + 1 < permuted.size(); ++i) {
      if (permuted[i] % 10 != 0 && permuted[i] != 35) CHECK(permuted[i + 1] == permuted[i] + 1);
    }
  }
  REQUIRE(firsts.size() == 4);
  for (const auto& [token, times] : firsts) {
    CHECK(token % 10 == 1);
    CHECK(times == Approx(100).margin(35));
  }
  // Two of four sentences: two stay where they are.
  permutation.sentence_permutation = 0.5;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Tokens permuted = noisy(one_to(40), permutation, seed);
    int moved = 0;
    for (std::size_t sentence = 0; sentence < 4; ++sentence) {
      moved += permuted[10 * sentence] != static_cast<std::int32_t>(10 * sentence) + 1;
    }
    CHECK((moved == 0 || moved == 2));
  }
}

TEST_CASE("denoising: a rotated row begins anywhere and goes round", "[data]") {
  ObjectiveConfig rotation = silent();
  rotation.document_rotation = 1;
  std::map<std::int32_t, int> firsts;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Tokens rotated = noisy(one_to(5), rotation, seed);
    ++firsts[rotated.front()];
    std::rotate(rotated.begin(), std::ranges::find(rotated, 1), rotated.end());
    CHECK(rotated == one_to(5));
  }
  CHECK(firsts.size() == 5);
  rotation.document_rotation = 0.25;
  int turned = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) turned += noisy(one_to(90), rotation, seed).front() != 1;
  CHECK(turned == Approx(100).margin(30));
}

TEST_CASE("denoising: all kinds together, as a function of the random numbers alone", "[data]") {
  ObjectiveConfig all = silent();
  all.token_masking = 0.1;
  all.token_deletion = 0.1;
  all.text_infilling = 0.3;
  all.sentence_permutation = 1;
  all.document_rotation = 1;
  CHECK(noisy(one_to(60), all, 1) == noisy(one_to(60), all, 1));
  CHECK(noisy(one_to(60), all, 1) != noisy(one_to(60), all, 2));
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    // 6 of 60 masked, 6 of 60 left out, 16 of 54 in spans: masks of the first kind may be among both.
    const Tokens left = noisy(one_to(60), all, seed);
    const auto words = static_cast<std::int64_t>(without_masks(left).size());
    CHECK(words <= 38);
    CHECK(words >= 32);
    CHECK(left.size() <= 54);
  }
  for (const Tokens& few : {Tokens{}, Tokens{7}, Tokens{7, 10}}) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) CHECK(noisy(few, all, seed).size() <= few.size());
  }
}

TEST_CASE("denoising: where sentences end", "[data]") {
  const std::vector<bool> ends = hundred_tokens().ends_sentence;
  using Numbers = std::vector<std::int64_t>;
  CHECK(sentence_numbers(Tokens{1, 2, 10, 3, 20, 30, 4}, ends) == Numbers{0, 0, 0, 1, 1, 1, 2});
  CHECK(sentence_numbers(Tokens{10, 1}, ends) == Numbers{0, 1});
  CHECK(sentence_numbers(Tokens{}, ends).empty());

  TokenizerConfig config;
  config.kind = "words";
  const auto tokenizer = data::testing::train(
      config, {". end. said.\" really?!) \u00BBgo!\u00AB stop!\u00BB 3.14 a Mr. .. ( \u201Cyes.\u201D"});
  const NoiseVocabulary vocabulary = noise_vocabulary(*tokenizer);
  CHECK(vocabulary.mask == tokenizer->size());
  std::vector<std::string> found;
  for (std::int32_t id = 4; id < tokenizer->size(); ++id) {
    if (vocabulary.ends_sentence[static_cast<std::size_t>(id)]) found.push_back(tokenizer->piece(id));
  }
  std::ranges::sort(found);
  CHECK(found == std::vector<std::string>{".", "..", "Mr.", "end.", "really?!)", "said.\"", "stop!\u00BB",
                                          "\u00BBgo!\u00AB", "\u201Cyes.\u201D"});
  CHECK(vocabulary.ends_sentence[static_cast<std::size_t>(tokenizer->specials().eos)]);
  CHECK_FALSE(vocabulary.ends_sentence[static_cast<std::size_t>(tokenizer->specials().bos)]);

  config.kind = "characters";
  const auto characters = data::testing::train(config, {"a.b\nc"});
  const NoiseVocabulary lines = noise_vocabulary(*characters);
  CHECK(lines.ends_sentence[static_cast<std::size_t>(characters->encode("\n").front())]);
  CHECK(lines.ends_sentence[static_cast<std::size_t>(characters->encode(".").front())]);
  CHECK_FALSE(lines.ends_sentence[static_cast<std::size_t>(characters->encode("a").front())]);
}

TEST_CASE("denoising: numbers from Poisson's distribution", "[data]") {
  SplitMix64 random(1);
  for (const double lambda : {0.1, 3.0, 100.0}) {
    double sum = 0, squares = 0;
    constexpr int draws = 5000;
    for (int i = 0; i < draws; ++i) {
      const auto drawn = static_cast<double>(poisson(lambda, random));
      sum += drawn;
      squares += drawn * drawn;
    }
    const double mean = sum / draws;
    CHECK(mean == Approx(lambda).margin(5 * std::sqrt(lambda / draws)));
    CHECK(squares / draws - mean * mean == Approx(lambda).epsilon(0.25));
  }
}
