#include "experiments/lab/flops.h"

#include "data/corruption.h"

#include <algorithm>
#include <cmath>

namespace ablate::lab {

SequenceLengths mean_lengths(const PreparedRow& row) {
  if (row.row->config.reads_windows()) return {0, row.row->config.longest_trained()};
  const data::Split& train = row.corpus->split("train");
  const std::int64_t longest = row.row->config.longest_trained();
  const bool is_text = row.corpus->content() == data::Content::text;
  const bool is_labelled = row.row->config.labels();
  std::int64_t source = 0, target = 0, pairs = 0;
  for (std::int64_t i = 0; i < train.size(); ++i) {
    const std::int64_t source_length = train.source_length(i) + 1, target_length = train.target_length(i) + 1;
    // A document or a labelled text beyond the limit is cut, a pair left out.
    if (is_text || is_labelled) {
      target += is_labelled ? 1 : std::min(target_length, longest);
      source += std::min(source_length + 1, longest);
      ++pairs;
      continue;
    }
    if (source_length > longest || target_length > longest) continue;
    source += source_length;
    target += target_length;
    ++pairs;
  }
  const auto mean = [pairs](std::int64_t sum) {
    return pairs == 0 ? std::int64_t{1} : std::llround(static_cast<double>(sum) / static_cast<double>(pairs));
  };
  return {mean(source), mean(target)};
}

namespace {

/// Of a window its limit is known, of a document what it has on average, </s> included.
SequenceLengths lengths_corrupted(const RunConfig& config, SequenceLengths lengths) {
  const data::ObjectiveConfig& objective = config.objective;
  const std::int64_t most = data::tokens_of_row(objective, config.longest_trained());
  const std::int64_t tokens =
      config.reads_windows() ? data::tokens_of_row(objective, lengths.target) : std::min(most, lengths.target - 1);
  const data::CorruptedLengths sides = data::corrupted_lengths(objective, tokens);
  return {sides.source, sides.target};
}

}  // namespace

SequenceLengths lengths_learnt(const RunConfig& config, SequenceLengths lengths) {
  const auto length = static_cast<double>(lengths.target);
  const auto at_least_one = [](double said) { return std::max<std::int64_t>(1, std::llround(said)); };
  switch (config.objective.traits().change) {
    case data::RowChange::none:
      break;
    case data::RowChange::prefix:
      // A prefix of 1 … T tokens leaves T … 1 of them to be said.
      return {lengths.source, lengths.target, at_least_one((length + 1) / 2)};
    case data::RowChange::masked:
      return {lengths.target, lengths.target, at_least_one(config.objective.mask_share * length)};
    case data::RowChange::corrupted:
      return lengths_corrupted(config, lengths);
  }
  return lengths;
}

double flops_per_token(const ModelConfig& model, const VocabularyInfo& vocabulary, SequenceLengths lengths) {
  const auto meta = make_transformer(model, vocabulary, at::kMeta, 0);
  return training_flops(*meta, 1, lengths).all() / static_cast<double>(lengths.said.value_or(lengths.target));
}

double flops_per_token(const PreparedRow& row) {
  const RunConfig& config = row.row->config;
  return flops_per_token(config.model, row.vocabulary, lengths_learnt(config, mean_lengths(row)));
}

}  // namespace ablate::lab
