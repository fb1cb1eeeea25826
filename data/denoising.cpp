#include "data/denoising.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string_view>

#include "data/objective_symbols.h"

namespace ablate::data {
namespace {

/// A token, or a mask, and the sentence of the text that it belongs to.
struct NoisyToken {
  std::int32_t id;
  std::int64_t sentence;
};
using NoisyRow = std::vector<NoisyToken>;

/// Quotation marks and brackets that may stand behind the end of a sentence.
constexpr std::array<std::string_view, 10> closers{"\"",     "'",      ")",      "]",      "}",
                                                   "\u2019", "\u201C", "\u201D", "\u00AB", "\u00BB"};

bool text_ends_sentence(std::string_view text) {
  if (text.find('\n') != std::string_view::npos) return true;
  for (bool goes_on = true; goes_on;) {
    goes_on = false;
    for (const std::string_view closer : closers) {
      if (!text.ends_with(closer)) continue;
      text.remove_suffix(closer.size());
      goes_on = true;
    }
  }
  return text.ends_with('.') || text.ends_with('!') || text.ends_with('?');
}

std::int64_t share_of(double share, std::size_t count) { return std::llround(share * static_cast<double>(count)); }

/// `chosen` of `count` places, each choice as likely: true where one is.
std::vector<char> random_places(std::size_t count, std::int64_t chosen, SplitMix64& random) {
  std::vector<char> places(count, 0);
  std::fill_n(places.begin(), chosen, static_cast<char>(1));
  random.shuffle(std::span(places));
  return places;
}

void put_masks(NoisyRow& row, double share, std::int32_t mask, SplitMix64& random) {
  const std::vector<char> is_masked = random_places(row.size(), share_of(share, row.size()), random);
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (is_masked[i] != 0) row[i].id = mask;
  }
}

void leave_out(NoisyRow& row, double share, SplitMix64& random) {
  const std::vector<char> is_left_out = random_places(row.size(), share_of(share, row.size()), random);
  NoisyRow kept;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (is_left_out[i] == 0) kept.push_back(row[i]);
  }
  row = std::move(kept);
}

/// Lengths of spans with `tokens` tokens in all.
std::vector<std::int64_t> span_lengths(std::int64_t tokens, double lambda, SplitMix64& random) {
  std::vector<std::int64_t> lengths;
  std::int64_t empty = 0;
  for (std::int64_t left = tokens; left > 0;) {
    const std::int64_t length = std::min(poisson(lambda, random), left);
    left -= length;
    if (length > 0) {
      lengths.push_back(length);
    } else {
      ++empty;
    }
  }
  const std::int64_t room = tokens - static_cast<std::int64_t>(lengths.size());
  lengths.insert(lengths.end(), static_cast<std::size_t>(std::min(empty, room)), 0);
  random.shuffle(std::span(lengths));
  return lengths;
}

void fill_in(NoisyRow& row, const ObjectiveConfig& objective, std::int32_t mask, SplitMix64& random) {
  const std::int64_t hidden = share_of(objective.text_infilling, row.size());
  const std::vector<std::int64_t> spans = span_lengths(hidden, objective.span_length, random);
  const std::size_t kept = row.size() - static_cast<std::size_t>(hidden);
  const std::vector<char> is_span = random_places(kept + spans.size(), static_cast<std::int64_t>(spans.size()), random);
  NoisyRow filled;
  std::size_t place = 0, span = 0;
  for (const char here : is_span) {
    if (here == 0) {
      filled.push_back(row[place++]);
      continue;
    }
    filled.push_back({mask, row[std::min(place, row.size() - 1)].sentence});
    place += static_cast<std::size_t>(spans[span++]);
  }
  row = std::move(filled);
}

void permute_sentences(NoisyRow& row, double share, SplitMix64& random) {
  std::vector<NoisyRow> sentences;
  for (const NoisyToken& token : row) {
    if (sentences.empty() || sentences.back().back().sentence != token.sentence) sentences.emplace_back();
    sentences.back().push_back(token);
  }
  std::vector<std::size_t> order(sentences.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<std::size_t> chosen = order;
  random.shuffle(std::span(chosen));
  chosen.resize(static_cast<std::size_t>(share_of(share, sentences.size())));
  std::vector<std::size_t> places = chosen;
  std::ranges::sort(places);
  for (std::size_t i = 0; i < places.size(); ++i) order[places[i]] = chosen[i];
  row.clear();
  for (const std::size_t place : order) {
    const NoisyRow& sentence = sentences[place];
    row.insert(row.end(), sentence.begin(), sentence.end());
  }
}

void rotate_row(NoisyRow& row, double share, SplitMix64& random) {
  if (random.uniform() >= share) return;
  const auto first = static_cast<std::ptrdiff_t>(random.below(static_cast<std::uint64_t>(row.size())));
  std::rotate(row.begin(), row.begin() + first, row.end());
}

}  // namespace

NoiseVocabulary noise_vocabulary(const Tokenizer& tokenizer) {
  NoiseVocabulary vocabulary{static_cast<std::int32_t>(mask_id(tokenizer)), {}};
  const Specials specials = tokenizer.specials();
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    const std::vector<std::int32_t> one{id};
    vocabulary.ends_sentence.push_back(id == specials.eos || text_ends_sentence(tokenizer.decode(one)));
  }
  return vocabulary;
}

std::vector<std::int64_t> sentence_numbers(std::span<const std::int32_t> tokens,
                                           const std::vector<bool>& ends_sentence) {
  std::vector<std::int64_t> numbers;
  std::int64_t number = 0;
  bool has_ended = false;
  for (const std::int32_t token : tokens) {
    const bool ends = ends_sentence.at(static_cast<std::size_t>(token));
    if (has_ended && !ends) ++number;
    has_ended = ends;
    numbers.push_back(number);
  }
  return numbers;
}

std::vector<std::int32_t> add_noise(std::span<const std::int32_t> tokens, const ObjectiveConfig& objective,
                                    const NoiseVocabulary& vocabulary, SplitMix64& random) {
  const std::vector<std::int64_t> numbers = sentence_numbers(tokens, vocabulary.ends_sentence);
  NoisyRow row;
  for (std::size_t i = 0; i < tokens.size(); ++i) row.push_back({tokens[i], numbers[i]});
  // A share of nothing draws no number: kinds of noise that are off change nothing for the others.
  if (objective.token_masking > 0) put_masks(row, objective.token_masking, vocabulary.mask, random);
  if (objective.token_deletion > 0) leave_out(row, objective.token_deletion, random);
  if (objective.text_infilling > 0 && !row.empty()) fill_in(row, objective, vocabulary.mask, random);
  if (objective.sentence_permutation > 0) permute_sentences(row, objective.sentence_permutation, random);
  if (objective.document_rotation > 0 && !row.empty()) rotate_row(row, objective.document_rotation, random);
  std::vector<std::int32_t> left;
  for (const NoisyToken& token : row) left.push_back(token.id);
  return left;
}

std::int64_t poisson(double lambda, SplitMix64& random) {
  const double least = std::exp(-lambda);
  std::int64_t count = 0;
  for (double product = random.uniform(); product > least; product *= random.uniform()) ++count;
  return count;
}

}  // namespace ablate::data
