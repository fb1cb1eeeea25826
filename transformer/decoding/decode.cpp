#include "transformer/decoding/decode.h"

#include "transformer/core/shape.h"
#include "transformer/decoding/evaluation_mode.h"
#include "transformer/decoding/search.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <stdexcept>

namespace ablate {
namespace {

constexpr config::Variant<Search> search_rows[] = {
    {{"greedy", "the likeliest token at every step", "", ""}, greedy_search},
    {{"beam", "the likeliest hypotheses are kept at every step", "Wu et al. 2016, section 7",
      "beam length_penalty_kind length_penalty stopping n_best"},
     beam_search},
    {{"sampling",
      "every token is drawn: from all, the top_k likeliest (Fan et al. 2018) or a nucleus of probability "
      "top_p",
      "Holtzman et al. 2020, section 3", "temperature top_k top_p n_best"},
     sampling_search},
};
constexpr config::VariantTable<Search> searches{"decoding", search_rows};

void check_symbols(const TargetSymbols& symbols, std::int64_t vocabulary) {
  for (const std::int64_t id : {symbols.bos, symbols.eos, symbols.pad}) {
    if (id >= 0 && id < vocabulary) continue;
    throw std::invalid_argument("decode: symbol " + std::to_string(id) + " is outside of the vocabulary of " +
                                std::to_string(vocabulary));
  }
  if (symbols.eos == symbols.pad) {
    throw std::invalid_argument("decode: </s> must differ from padding, which is never produced");
  }
  const std::int64_t pieces = std::min(vocabulary, symbols.pieces.value_or(vocabulary));
  const std::set<std::int64_t> special{symbols.bos, symbols.eos, symbols.pad};
  if (pieces <= std::ranges::count_if(special, [&](std::int64_t id) { return id < pieces; })) {
    throw std::invalid_argument("decode: the vocabulary holds nothing but <s>, </s> and padding");
  }
}

/// The length limit of every target, from the number of real tokens of its source.
std::vector<std::int64_t> limits_of(const Tensor& source, const Transformer& model, const DecodingConfig& config) {
  if (source.size(1) > model.max_length()) {
    throw std::invalid_argument("decode: a source of " + std::to_string(source.size(1)) +
                                " tokens, and the model reads at most " + std::to_string(model.max_length()) +
                                ": cut it first");
  }
  const Tensor lengths = source.ne(model.pad()).sum(1).to(at::kCPU);  // (B)
  std::vector<std::int64_t> limits;
  for (std::int64_t i = 0; i < lengths.size(0); ++i) {
    const std::int64_t length = lengths.data_ptr<std::int64_t>()[i];
    if (length == 0) throw std::invalid_argument("decode: source " + std::to_string(i) + " has no tokens");
    limits.push_back(config.longest_target(length, model.max_length()));
  }
  return limits;
}

/// The numbers of the sentences: the given ones, or else 0, 1, 2, …
std::vector<std::uint64_t> numbers_of(const std::vector<std::uint64_t>& given, std::size_t count) {
  if (!given.empty() && given.size() != count) {
    throw std::invalid_argument("decode: " + std::to_string(given.size()) + " sentence numbers for " +
                                std::to_string(count) + " sentences");
  }
  if (!given.empty()) return given;
  std::vector<std::uint64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), std::uint64_t{0});
  return numbers;
}

}  // namespace

const config::VariantTable<Search>& search_table() { return searches; }

Hypotheses decode(Transformer& model, const Tensor& source, const TargetSymbols& symbols, const DecodingConfig& config,
                  std::uint64_t seed, const std::vector<std::uint64_t>& sentences, Caching caching) {
  check_shape(source, {any, any}, "source");
  check_symbols(symbols, model.target_size());
  const Search search = searches.at(config.kind);
  if (source.size(0) == 0) return {};

  const EvaluationMode evaluation(model);
  const Tensor source_there = source.to(model.device());
  const std::vector<std::int64_t> limits = limits_of(source_there, model, config);
  const std::vector<std::uint64_t> numbers = numbers_of(sentences, limits.size());
  StepDecoder decoder(model, source_there, symbols, config.min_length, caching);
  return search({decoder, symbols, config, limits, seed, numbers});
}

}  // namespace ablate
