#include "transformer/decoding/generate.h"

#include "transformer/decoding/draw.h"
#include "transformer/decoding/evaluation_mode.h"
#include "transformer/decoding/step_decoder.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <stdexcept>

namespace ablate {
namespace {

/// Texts of one length, read by the model one token at a time behind what it has read at once.
class TextReader {
 public:
  TextReader(Transformer& model, std::int64_t longest, Caching caching)
      : model_(model), longest_(longest), caching_(caching) {}

  /// Hidden states (rows, D) behind the last token of each text. `texts` are those that were read before with a token
  /// more, or others: then they are read from the beginning.
  Tensor read(const std::vector<std::vector<std::int64_t>>& texts, bool goes_on) {
    const auto length = static_cast<std::int64_t>(texts.front().size());
    if (caching_ == Caching::on && goes_on && cache_.length < longest_) {
      return model_.decode(tail_of(texts, 1), {}, &cache_).select(1, -1);
    }
    // Half of what fits leaves room for as many steps before the next time.
    const std::int64_t most = goes_on ? std::max<std::int64_t>(1, longest_ / 2) : longest_;
    if (caching_ == Caching::off && goes_on && window_ < longest_) {
      ++window_;
    } else {
      known_ = window_ = std::min(length, most);
    }
    const Tensor window = tail_of(texts, window_), prefix = prefix_of(window);
    if (caching_ == Caching::off) return model_.decode(window, {}, nullptr, nullptr, {}, prefix).select(1, -1);
    cache_ = {};
    const Tensor hidden = model_.decode(window, {}, &cache_, nullptr, {}, prefix).select(1, -1);
    if (steps_are_fast(model_)) cache_.keep_history();
    return hidden;
  }

  /// Row i becomes the former row rows[i].
  void select(const std::vector<std::int64_t>& rows) {
    if (caching_ == Caching::off) return;
    if (cache_.history) return cache_.history->select(rows);
    cache_.select(at::tensor(rows, at::kLong).to(model_.device()));
  }

 private:
  /// The last `count` tokens of every text.
  Tensor tail_of(const std::vector<std::vector<std::int64_t>>& texts, std::int64_t count) const {
    Tensor tokens = at::empty({static_cast<std::int64_t>(texts.size()), count}, at::kLong);
    auto* to = tokens.mutable_data_ptr<std::int64_t>();
    for (const std::vector<std::int64_t>& text : texts) to = std::copy(text.end() - count, text.end(), to);
    return tokens.to(model_.device());
  }

  /// What is known when a text is read from the beginning, its prompt or what it has grown to, is seen from both sides
  /// by a model that reads prefixes.
  Tensor prefix_of(const Tensor& window) const {
    if (!model_.reads_prefix()) return {};
    return at::full({window.size(0)}, known_, at::kLong).to(model_.device());
  }

  Transformer& model_;
  std::int64_t longest_;
  Caching caching_;
  DecoderCache cache_;
  std::int64_t window_ = 0;  ///< without a cache: tokens that are read
  std::int64_t known_ = 0;   ///< of these those that were known when the text was last read from its beginning
};

/// Scores of what stands in the text already come nearer to, or go further below, zero.
void penalize(Tensor& scores, const std::vector<std::vector<std::int64_t>>& texts, double penalty) {
  if (penalty == 1) return;
  for (std::size_t row = 0; row < texts.size(); ++row) {
    std::vector<std::int64_t> seen = texts[row];
    std::ranges::sort(seen);
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    const Tensor index = at::tensor(seen, at::kLong).to(scores.device());
    Tensor of_row = scores[static_cast<std::int64_t>(row)];
    const Tensor before = of_row.index_select(0, index);
    of_row.index_copy_(0, index, at::where(before > 0, before / penalty, before * penalty));
  }
}

/// Prompts of one length, all of them at once.
class Generation {
 public:
  Generation(Transformer& model, const TextConditions& text, const GenerationConfig& config, Caching caching)
      : model_(model),
        text_(text),
        config_(config),
        reader_(model, text.window.value_or(model.max_length()), caching),
        output_weight_(model.embeddings().output_weight()) {}

  /// `rows` are numbers of continuations.
  void run(std::vector<std::vector<std::int64_t>> texts, std::vector<std::size_t> rows, std::vector<SplitMix64> streams,
           std::vector<Continuation>& continuations) {
    bool goes_on = false;
    while (!texts.empty()) {
      const Tensor hidden = model_.embeddings().output_input(reader_.read(texts, goes_on));
      const std::vector<Candidate> chosen = choose(hidden, texts, streams);
      goes_on = true;
      std::vector<std::int64_t> kept;
      for (std::size_t i = 0; i < texts.size(); ++i) {
        Continuation& continuation = continuations[rows[i]];
        continuation.log_probability += chosen[i].log_probability;
        continuation.finished = text_.end == chosen[i].token;
        if (continuation.finished) continue;
        continuation.tokens.push_back(chosen[i].token);
        if (static_cast<std::int64_t>(continuation.tokens.size()) == config_.tokens) continue;
        const auto place = kept.size();
        kept.push_back(static_cast<std::int64_t>(i));
        if (place != i) texts[place] = std::move(texts[i]);
        texts[place].push_back(chosen[i].token);
        rows[place] = rows[i];
        streams[place] = streams[i];
      }
      if (kept.size() < texts.size() && !kept.empty()) reader_.select(kept);
      texts.resize(kept.size());
      rows.resize(kept.size());
      streams.erase(streams.begin() + static_cast<std::ptrdiff_t>(kept.size()), streams.end());
    }
  }

 private:
  std::vector<Candidate> choose(const Tensor& hidden, const std::vector<std::vector<std::int64_t>>& texts,
                                std::vector<SplitMix64>& streams) {
    const Tensor& bias = model_.embeddings().output_bias();
    if (config_.temperature == 0 && config_.repetition_penalty == 1) {
      if (const auto best = top_words(hidden, output_weight_, bias, 1, text_.never)) return first_of(BestTokens(*best));
    }
    const Tensor logits = at::linear(hidden, output_weight_, bias).to(at::kFloat);
    Tensor scores = logits;
    if (config_.repetition_penalty != 1) {
      scores = logits.clone();
      penalize(scores, texts, config_.repetition_penalty);
    }
    const Tensor never = at::tensor(text_.never, at::kLong).to(scores.device());
    if (config_.temperature == 0) {
      return with_own_probability(first_of(BestTokens(scores.index_fill(1, never, minus_infinity), 1)), logits);
    }
    std::vector<double> u;
    for (SplitMix64& stream : streams) u.push_back(stream.uniform());
    const Tensor weights = weights_to_draw_from(
        scores.index_fill(1, never, minus_infinity),
        {.temperature = config_.temperature, .top_k = config_.top_k, .top_p = config_.top_p, .min_p = config_.min_p});
    const Tensor drawn = draw_tokens(weights, u).to(at::kCPU);
    std::vector<Candidate> chosen;
    for (std::int64_t row = 0; row < drawn.size(0); ++row) {
      chosen.push_back({drawn.const_data_ptr<std::int64_t>()[row], 0});
    }
    return with_own_probability(std::move(chosen), logits);
  }

  static std::vector<Candidate> first_of(const BestTokens& best) {
    std::vector<Candidate> chosen;
    for (std::int64_t row = 0; row < best.rows(); ++row) {
      if (best.row(row).empty()) throw_not_numbers();
      chosen.push_back(best.row(row).front());
    }
    return chosen;
  }

  /// What the model itself makes of the tokens, whatever their scores were bent to.
  static std::vector<Candidate> with_own_probability(std::vector<Candidate> chosen, const Tensor& logits) {
    std::vector<std::int64_t> ids;
    for (const Candidate& candidate : chosen) ids.push_back(candidate.token);
    const Tensor index = at::tensor(ids, at::kLong).unsqueeze(1).to(logits.device());
    const Tensor found = at::log_softmax(logits, -1).gather(1, index).to(at::kCPU, at::kDouble);
    for (std::size_t row = 0; row < chosen.size(); ++row) {
      chosen[row].log_probability = found.const_data_ptr<double>()[row];
      // What is impossible is never chosen, unless the scores were NaN.
      if (!std::isfinite(chosen[row].log_probability)) throw_not_numbers();
    }
    return chosen;
  }

  Transformer& model_;
  const TextConditions& text_;
  const GenerationConfig& config_;
  TextReader reader_;
  Tensor output_weight_;
};

}  // namespace

void GenerationConfig::describe(config::Fields& f) {
  f.field("tokens", tokens, "most tokens behind the prompt", config::at_least_one);
  f.field("temperature", temperature, "divides the scores before softmax; 0: the likeliest token",
          config::not_negative);
  f.field("top_k", top_k, "draw among the k likeliest tokens; null: all", config::at_least_one);
  f.field("top_p", top_p, "draw among the fewest tokens that together have this probability (after top_k)",
          config::Range{0, 1, true});
  f.field("min_p", min_p, "draw among tokens with at least this share of the likeliest one's probability",
          config::fraction);
  f.field("repetition_penalty", repetition_penalty, "makes tokens of the text less likely; 1: it does not",
          config::positive);
  const bool draws = temperature > 0;
  const char* greedy = "has no effect with temperature 0";
  f.check(draws || !top_k, "top_k", greedy);
  f.check(draws || top_p == 1, "top_p", greedy);
  f.check(draws || min_p == 0, "min_p", greedy);
}

std::vector<Continuation> generate(Transformer& model, const std::vector<std::vector<std::int64_t>>& prompts,
                                   const TextConditions& text, const GenerationConfig& config, std::uint64_t seed,
                                   std::size_t samples, const std::vector<std::uint64_t>& numbers, Caching caching) {
  if (model.has_encoder()) throw std::invalid_argument("generate: the model reads a source: decode it");
  if (!numbers.empty() && numbers.size() != prompts.size()) {
    throw std::invalid_argument("generate: " + std::to_string(numbers.size()) + " numbers for " +
                                std::to_string(prompts.size()) + " prompts");
  }
  if (text.window && (*text.window < 1 || *text.window > model.max_length())) {
    throw std::invalid_argument("generate: a window of " + std::to_string(*text.window) +
                                " tokens, and the model reads at most " + std::to_string(model.max_length()));
  }
  std::map<std::size_t, std::vector<std::size_t>> by_length;
  for (std::size_t i = 0; i < prompts.size(); ++i) by_length[prompts[i].size()].push_back(i);
  if (by_length.contains(0)) throw std::invalid_argument("generate: a prompt has no token");

  const EvaluationMode evaluation(model);
  const KeepPackedWeights packed_weights;
  std::vector<Continuation> continuations(prompts.size() * samples);
  for (const auto& [length, of_length] : by_length) {
    std::vector<std::vector<std::int64_t>> texts;
    std::vector<std::size_t> rows;
    std::vector<SplitMix64> streams;
    for (const std::size_t prompt : of_length) {
      for (std::size_t sample = 0; sample < samples; ++sample) {
        texts.push_back(prompts[prompt]);
        rows.push_back(prompt * samples + sample);
        streams.push_back(draw_stream(seed, numbers.empty() ? prompt : numbers[prompt], sample));
      }
    }
    Generation(model, text, config, caching).run(std::move(texts), std::move(rows), std::move(streams), continuations);
  }
  return continuations;
}

}  // namespace ablate
