#pragma once
// A language model goes on with a text: token by token, from its own distribution or its bent form.
#include "transformer/decoding/decode.h"

namespace ablate {

struct GenerationConfig {
  std::int64_t tokens = 200;
  double temperature = 1;
  std::optional<std::int64_t> top_k = std::nullopt;
  double top_p = 1;
  double min_p = 0;
  double repetition_penalty = 1;
  void describe(config::Fields& f);
};

/// What a text is to a model.
struct TextConditions {
  std::optional<std::int64_t> end;       ///< the token that ends a text
  std::vector<std::int64_t> never{};     ///< tokens that are not produced
  std::optional<std::int64_t> window{};  ///< tokens that the model reads at most; nothing: its max_length
};

struct Continuation {
  std::vector<std::int64_t> tokens;  ///< behind the prompt, without the end
  double log_probability = 0;        ///< nats: the sum of the model's own log P of what was chosen, the end included
  bool finished = false;             ///< the end was chosen; else the text was cut at the limit
};

/// Goes on with every prompt, each of one token at least, `samples` times, on the model's device. A temperature of 0
/// takes the likeliest token (the smallest id of equals). The repetition penalty (Keskar et al. 2019, section 4.1)
/// divides the positive, and multiplies the negative, scores of all tokens that stand in the text already; it comes
/// first, then what Truncation says. A text that grows beyond the window is read anew from its last half of that: so
/// the model always sees as many tokens, and never more than it can; of a longer prompt the last ones count. A model
/// that reads prefixes (Raffel et al. 2020, section 3.2.1) sees the prompt, and what is read anew, from both sides.
/// Continuations, those of a prompt behind one another, depend on (seed, number of the prompt, number of the sample)
/// alone; `numbers` holds the prompts' numbers, 0, 1, … if it is empty.
///
/// The model works in evaluation mode, without gradients; its mode is restored. std::invalid_argument for an empty
/// prompt or a model with an encoder; RunError for scores that are not numbers.
std::vector<Continuation> generate(Transformer& model, const std::vector<std::vector<std::int64_t>>& prompts,
                                   const TextConditions& text, const GenerationConfig& config, std::uint64_t seed,
                                   std::size_t samples = 1, const std::vector<std::uint64_t>& numbers = {},
                                   Caching caching = Caching::on);

}  // namespace ablate
