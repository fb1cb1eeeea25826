#include "experiments/lab/measured_rows.h"

#include "experiments/lab/evaluation.h"
#include "experiments/lab/figures.h"
#include "experiments/lab/identity.h"
#include "experiments/metrics/score.h"
#include "transformer/config/writer.h"

#include <algorithm>

namespace ablate::lab {
namespace {

bool is_loss(const Figure& figure) {
  const std::vector<std::string> losses = loss_figure_names();
  return std::find(losses.begin(), losses.end(), figure.metric) != losses.end();
}

/// How a text is read, as far as it changes a loss per token.
std::string reading_of(const RunConfig& config) {
  const data::EvaluationReach reach = evaluation_reach(config);
  Json objective = config::Writer::write(config.objective);
  objective.erase("windows");  // of training alone
  return Json{{"objective", objective}, {"window", reach.longest}, {"stride", reach.stride}}.dump();
}

}  // namespace

Figure figure_of(const Column& column) {
  const std::size_t at = column.key.rfind('@');
  return {column.key.substr(0, at), column.key.substr(at + 1)};
}

std::optional<metrics::Lines> outputs_of(const PreparedRow& row, const std::filesystem::path& out, std::int64_t seed,
                                         const std::string& split) {
  const RunFolder folder(out, row, seed);
  if (shown_state(row, folder) == RunState::absent) return std::nullopt;
  const std::string key = decoding_hash(row.row->config);
  const Json known = folder.result().value("decodings", Json::object());
  if (!known.contains(key) || !known[key].at("splits").contains(split)) return std::nullopt;
  const std::filesystem::path file = folder.hypotheses_file(key, split);
  const bool is_current = known[key]["splits"][split].value("data", "") == row.corpus->split_hash(split);
  return is_current && std::filesystem::exists(file) ? std::optional(read_lines(file)) : std::nullopt;
}

MeasuredRows::MeasuredRows(const std::vector<PreparedRow>& rows, std::filesystem::path out, const Table& table)
    : rows_(rows), out_(std::move(out)), table_(table) {}

std::string MeasuredRows::data(std::size_t row, std::size_t column) const {
  const Figure figure = figure_of(table_.columns[column]);
  const data::Corpus& corpus = *rows_[row].corpus;
  const SplitPart part = part_named(figure.split, corpus);
  if (!corpus.has_split(part.split)) return "none: row " + std::to_string(row);
  // A loss per token compares rows that say the same tokens with as much before them; figures over the text itself do
  // not depend on its tokens.
  const RunConfig& config = rows_[row].row->config;
  const bool of_text = corpus.content() == data::Content::text;
  if (of_text && is_of_any_tokens(figure)) return corpus.split(part.split).text_hash();
  if (of_text) return corpus.split_hash(part.split) + reading_of(config);
  if (is_loss(figure)) return corpus.split_hash(part.split) + part.name();
  std::string text;
  for (const std::string& line : lines_at(target_lines(corpus.split(part.split)), pairs_of(part, corpus))) {
    text += line + "\n";
  }
  return text;
}

const std::optional<metrics::SentenceStatistics>& MeasuredRows::sentences(std::size_t row, std::size_t column,
                                                                          const std::vector<std::int64_t>& seeds) {
  const auto [place, is_new] = counted_.try_emplace({row, column, seeds});
  if (is_new) place->second = count_sentences(row, column, seeds);
  return place->second;
}

std::optional<metrics::SentenceStatistics> MeasuredRows::count_sentences(std::size_t row, std::size_t column,
                                                                         const std::vector<std::int64_t>& seeds) const {
  const Figure figure = figure_of(table_.columns[column]);
  const metrics::MetricRequest request = metrics::parse_request(figure.metric);
  const data::Corpus& corpus = *rows_[row].corpus;
  const SplitPart part = part_named(figure.split, corpus);
  const metrics::Lines all_references = target_lines(corpus.split(part.split));
  const std::vector<std::int64_t> pairs = pairs_of(part, corpus);
  const metrics::Lines references = lines_at(all_references, pairs);
  std::vector<metrics::SentenceStatistics> found;
  for (const std::int64_t seed : seeds) {
    const std::optional<metrics::Lines> lines = outputs_of(rows_[row], out_, seed, part.split);
    if (!lines || lines->size() != all_references.size()) return std::nullopt;
    found.push_back(metrics::sentence_statistics(request.name, lines_at(*lines, pairs), {references}, request.options));
  }
  return metrics::mean_of_outputs(found);
}

}  // namespace ablate::lab
