#include "transformer/decoding/step_decoder.h"

#include "transformer/core/error.h"

#include <ATen/autocast_mode.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ablate {
namespace {

std::vector<std::int64_t> count_up(std::int64_t n) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(n));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

/// Padding, <s> unless that is </s> too, and what is no piece.
std::vector<std::int64_t> never_produced(const TargetSymbols& symbols, std::int64_t vocabulary) {
  std::vector<std::int64_t> never{symbols.pad};
  if (symbols.bos != symbols.eos) never.push_back(symbols.bos);
  for (std::int64_t id = symbols.pieces.value_or(vocabulary); id < vocabulary; ++id) {
    if (id != symbols.eos) never.push_back(id);
  }
  return never;
}

}  // namespace

bool steps_are_fast(const Transformer& model) {
  return model.reads_history() && model.device().is_cpu() && model.dtype() == at::kFloat &&
         !at::autocast::is_autocast_enabled(at::kCPU);
}

StepDecoder::StepDecoder(Transformer& model, const Tensor& source, const TargetSymbols& symbols,
                         std::int64_t min_length, Caching caching)
    : model_(model),
      caching_(caching),
      memory_(model.encode(source)),
      sentence_of_row_(count_up(source.size(0))),
      min_length_(min_length),
      never_(never_produced(symbols, model.target_size())),
      never_yet_(never_),
      output_weight_(model.embeddings().output_weight()) {
  never_yet_.push_back(symbols.eos);
  if (caching == Caching::on && steps_are_fast(model)) cache_.history.emplace(source.size(0));
}

void StepDecoder::select(const std::vector<std::int64_t>& parents) {
  if (parents == count_up(rows())) return;
  std::vector<std::int64_t> sentence_of_row;
  for (const std::int64_t parent : parents) {
    sentence_of_row.push_back(sentence_of_row_[static_cast<std::size_t>(parent)]);
  }
  const bool within_sentences = sentence_of_row == sentence_of_row_;
  sentence_of_row_ = std::move(sentence_of_row);
  if (cache_.history) {
    cache_.history->select(parents);
    return;
  }

  const Tensor index = on_device(parents);
  if (prefix_.defined()) prefix_ = prefix_.index_select(0, index);
  if (within_sentences) {
    cache_.select_within_sentences(index);
    return;
  }
  cache_.select(index);
  memory_.states = memory_.states.index_select(0, index);
  if (memory_.mask.keys.defined()) memory_.mask.keys = memory_.mask.keys.index_select(0, index);
}

Tensor StepDecoder::read(const std::vector<std::int64_t>& tokens) {
  const Tensor hidden =
      model_.embeddings().output_input(last_hidden(tokens));  // before never_now(): it counts the step
  return log_probabilities(hidden, never_now());
}

BestTokens StepDecoder::read_best(const std::vector<std::int64_t>& tokens, std::int64_t k) {
  const Tensor hidden = model_.embeddings().output_input(last_hidden(tokens));
  const auto best = top_words(hidden, output_weight_, model_.embeddings().output_bias(), k, never_now());
  return best ? BestTokens(*best) : BestTokens(log_probabilities(hidden, never_now()), k);
}

Tensor StepDecoder::log_probabilities(const Tensor& hidden, const std::vector<std::int64_t>& never) const {
  const Tensor scores = at::linear(hidden, output_weight_, model_.embeddings().output_bias());
  return at::log_softmax(scores, -1, at::kFloat).index_fill_(1, on_device(never), minus_infinity);
}

/// (rows, D)
Tensor StepDecoder::last_hidden(const std::vector<std::int64_t>& newest) {
  const Tensor tokens = on_device(newest).unsqueeze(1);
  ++steps_;
  if (caching_ == Caching::on) return model_.decode(tokens, memory_, &cache_).select(1, -1);
  prefix_ = prefix_.defined() ? at::cat({prefix_, tokens}, 1) : tokens;
  return model_.decode(prefix_, memory_).select(1, -1);
}

Tensor StepDecoder::on_device(const std::vector<std::int64_t>& values) const {
  return at::tensor(values, at::kLong).to(model_.device());
}

BestTokens::BestTokens(const std::vector<std::vector<Candidate>>& rows) : begin_{0} {
  for (const std::vector<Candidate>& row : rows) {
    for (const Candidate& candidate : row) {
      if (std::isnan(candidate.log_probability)) throw_not_numbers();
      candidates_.push_back(candidate);
    }
    begin_.push_back(candidates_.size());
  }
}

BestTokens::BestTokens(const Tensor& log_probabilities, std::int64_t k) {
  const std::int64_t size = log_probabilities.size(1);
  k = std::min(k, size);
  // One more than asked for: if it equals the last one wanted, topk chose freely among equals, and we choose
  // again.
  const auto [best, ids] = log_probabilities.topk(std::min(k + 1, size), 1);
  const Tensor best_here = best.to(at::kCPU, at::kDouble);
  const Tensor ids_here = ids.to(at::kCPU);
  const auto value = best_here.accessor<double, 2>();
  const auto id = ids_here.accessor<std::int64_t, 2>();

  begin_.push_back(0);
  for (std::int64_t row = 0; row < log_probabilities.size(0); ++row) {
    const auto add = [this](std::int64_t token, double log_probability) {
      if (std::isnan(log_probability)) throw_not_numbers();
      if (log_probability > minus_infinity) candidates_.push_back({token, log_probability});
    };
    const bool arbitrary = k < size && value[row][k - 1] == value[row][k] && std::isfinite(value[row][k]);
    if (arbitrary) {
      const auto [sorted, order] = log_probabilities[row].sort(/*stable=*/true, 0, /*descending=*/true);
      const Tensor values_here = sorted.slice(0, 0, k).to(at::kCPU, at::kDouble);
      const Tensor order_here = order.slice(0, 0, k).to(at::kCPU);
      for (std::int64_t i = 0; i < k; ++i) {
        add(order_here.data_ptr<std::int64_t>()[i], values_here.data_ptr<double>()[i]);
      }
    } else {
      for (std::int64_t i = 0; i < k; ++i) add(id[row][i], value[row][i]);
    }
    std::sort(candidates_.begin() + static_cast<std::ptrdiff_t>(begin_.back()), candidates_.end(),
              [](const Candidate& a, const Candidate& b) {
                return a.log_probability != b.log_probability ? a.log_probability > b.log_probability
                                                              : a.token < b.token;
              });
    begin_.push_back(candidates_.size());
  }
}

void throw_not_numbers() {
  throw RunError("the model's scores are not numbers (NaN): its weights are broken, decode with an earlier checkpoint");
}

}  // namespace ablate
