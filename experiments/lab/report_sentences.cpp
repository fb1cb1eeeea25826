#include "experiments/lab/report_sentences.h"

#include "data/corrupted_batches.h"
#include "experiments/lab/attention_maps.h"
#include "experiments/lab/evaluation.h"
#include "experiments/lab/figures.h"
#include "experiments/lab/length_quality.h"
#include "experiments/lab/measured_rows.h"
#include "experiments/lab/runner.h"
#include "transformer/core/code_points.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <cmath>

namespace ablate::lab {
namespace {

/// Splits that any row scores, in the order in which rows name them, with the first of these rows.
std::vector<std::pair<std::string, const PreparedRow*>> scored_splits(const std::vector<PreparedRow>& rows) {
  std::vector<std::pair<std::string, const PreparedRow*>> splits;
  for (const PreparedRow& row : rows) {
    for (const std::string& split : evaluated_splits(row.row->config.evaluation, *row.corpus)) {
      const bool is_known = std::ranges::any_of(splits, [&](const auto& known) { return known.first == split; });
      if (!is_known) splits.emplace_back(split, &row);
    }
  }
  return splits;
}

/// Rows may read other data under the same name.
bool has_same_split(const PreparedRow& row, const PreparedRow& first, const std::string& split) {
  return row.corpus->has_split(split) &&
         target_lines(row.corpus->split(split)) == target_lines(first.corpus->split(split));
}

/// Means over the outputs of all seeds; empty where there are none.
std::vector<double> mean_quality(const PreparedRow& row, const std::vector<std::int64_t>& seeds,
                                 const std::filesystem::path& out, const std::string& split, const std::string& metric,
                                 const std::vector<LengthBucket>& buckets) {
  const metrics::Lines references = target_lines(row.corpus->split(split));
  std::vector<double> sums(buckets.size(), 0);
  int found = 0;
  for (const std::int64_t seed : seeds) {
    const std::optional<metrics::Lines> outputs = outputs_of(row, out, seed, split);
    if (!outputs || outputs->size() != references.size()) continue;
    const std::vector<double> values = quality_by_length(metric, *outputs, references, buckets);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += values[i];
    ++found;
  }
  if (found == 0) return {};
  for (double& sum : sums) sum /= found;
  return sums;
}

/// The split whose sentences a row is looked at with.
std::string attended_split(const PreparedRow& row) {
  return evaluated_splits(row.row->config.evaluation, *row.corpus).front();
}

/// Tokens at the beginning of a document that attention is shown for.
constexpr std::int64_t longest_attended = 32;

/// The first words of a document, for a heading.
std::string beginning(const std::string& document) {
  constexpr int most = 60;  // characters
  int characters = 0;
  std::string text;
  for_each_code_point(document, [&](std::string_view character, bool) {
    if (characters++ < most) text += character;
  });
  return characters <= most ? text : text + " …";
}

/// Sentences of five to fifteen tokens show most: shorter ones have no structure, longer ones no room.
std::vector<std::int64_t> sentences_to_attend(const data::Split& split, bool is_text, const ReportOptions& options) {
  if (!options.attention.empty()) return options.attention;
  std::vector<std::int64_t> chosen;
  for (std::int64_t i = 0; i < split.size() && chosen.size() < options.attention_sentences; ++i) {
    const std::int64_t length = is_text ? split.target_length(i) : split.source_length(i);
    if (length >= 5 && length <= 15) chosen.push_back(i);
  }
  if (chosen.empty() && split.size() > 0) chosen.push_back(0);
  return chosen;
}

Json heads_json(const Tensor& weights_HTS) {
  Json heads = Json::array();
  const Tensor weights = weights_HTS.contiguous();
  const auto value = weights.accessor<float, 3>();
  for (std::int64_t h = 0; h < weights.size(0); ++h) {
    Json& head = heads.emplace_back(Json::array());
    for (std::int64_t t = 0; t < weights.size(1); ++t) {
      Json& row = head.emplace_back(Json::array());
      // Three decimals are more than a shade of colour tells.
      for (std::int64_t s = 0; s < weights.size(2); ++s) row.push_back(std::round(1000.0 * value[h][t][s]) / 1000);
    }
  }
  return heads;
}

std::shared_ptr<Transformer> trained_model(const PreparedRow& row, std::int64_t seed, const ReportOptions& options) {
  const RunFolder folder(options.out, row, seed);
  if (shown_state(row, folder) != RunState::finished) return nullptr;
  const auto files = chosen_checkpoints(row.row->config.evaluation, folder.result(), folder.path());
  // Weights may have been deleted to save room.
  if (files.empty() || !std::ranges::all_of(files, [](const auto& file) { return std::filesystem::exists(file); })) {
    return nullptr;
  }
  return load_model(row.row->config.model, row.vocabulary, files, options.device);
}

}  // namespace

Json lengths_json(const std::vector<PreparedRow>& rows, const std::vector<std::int64_t>& seeds,
                  const std::filesystem::path& out) {
  Json list = Json::array();
  for (const auto& [split, first] : scored_splits(rows)) {
    const std::vector<std::string>& metrics = first->row->config.evaluation.metrics;
    if (metrics.empty()) continue;
    const Column column = column_of({metrics.front(), split});
    const std::vector<LengthBucket> buckets = length_buckets(first->corpus->split(split));
    Json json = {
        {"split", split}, {"figure", column.heading}, {"direction", name_of(column.direction)}, {"unit", column.unit}};
    for (const LengthBucket& bucket : buckets) {
      json["buckets"].push_back(bucket.name());
      json["sentences"].push_back(bucket.sentences.size());
    }
    Json& lines = json["rows"] = Json::array();
    for (const PreparedRow& row : rows) {
      if (!has_same_split(row, *first, split)) continue;
      const std::vector<double> values = mean_quality(row, seeds, out, split, metrics.front(), buckets);
      if (!values.empty()) lines.push_back({{"label", row.row->label}, {"values", values}});
    }
    if (!lines.empty()) list.push_back(std::move(json));
  }
  return list;
}

Json samples_json(const std::vector<PreparedRow>& rows, const std::vector<std::int64_t>& seeds,
                  const ReportOptions& options) {
  struct Outputs {
    std::string row;
    std::int64_t seed;
    metrics::Lines lines;
  };
  Json list = Json::array();
  for (const auto& [split, first] : scored_splits(rows)) {
    const data::Split& sentences = first->corpus->split(split);
    std::vector<Outputs> all;
    for (const PreparedRow& row : rows) {
      if (!has_same_split(row, *first, split)) continue;
      for (const std::int64_t seed : seeds) {
        auto lines = outputs_of(row, options.out, seed, split);
        if (!lines || static_cast<std::int64_t>(lines->size()) != sentences.size()) continue;
        all.push_back({row.row->label, seed, std::move(*lines)});
        break;
      }
    }
    if (all.empty()) continue;
    const std::int64_t count = std::min(options.samples, sentences.size());
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t number = i * sentences.size() / count;
      Json sample = {{"split", split},
                     {"number", number},
                     {"source", as_line(sentences.source_text(number))},
                     {"reference", as_line(sentences.target_text(number))}};
      for (const Outputs& outputs : all) {
        const std::string& text = outputs.lines[static_cast<std::size_t>(number)];
        sample["outputs"].push_back({{"row", outputs.row}, {"seed", outputs.seed}, {"text", text}});
      }
      list.push_back(std::move(sample));
    }
  }
  return list;
}

void check_attention(const std::vector<PreparedRow>& rows, const ReportOptions& options) {
  for (const PreparedRow& row : rows) {
    const std::string name = attended_split(row);
    for (const std::int64_t number : options.attention) {
      if (number < row.corpus->split(name).size()) continue;
      throw UserError("--attention: there is no sentence " + std::to_string(number) + ": the split '" + name +
                      "' has " + std::to_string(row.corpus->split(name).size()) + ", numbered from 0");
    }
  }
}

/// Of an objective that changes text both sides of the document are shown as one of them is read and the other said.
void corrupt(AttendedSentence& sentence, const PreparedRow& row, std::int64_t number) {
  const data::ObjectiveConfig& objective = row.row->config.objective;
  const data::Tokenizer& tokenizer = row.corpus->target_tokenizer();
  const data::Split& split = row.corpus->split(attended_split(row));
  const data::CorruptedText text = data::corrupted_text(tokenizer, objective, split.target(number), longest_attended);
  sentence.source = text.source;
  sentence.target = text.target;
  sentence.marks = data::marks_of(tokenizer, objective);
}

Json attention_json(const std::vector<PreparedRow>& rows, const std::vector<std::int64_t>& seeds,
                    const ReportOptions& options) {
  Json list = Json::array();
  for (const PreparedRow& row : rows) {
    const std::string name = attended_split(row);
    const data::Split& split = row.corpus->split(name);
    const bool is_text = row.corpus->content() == data::Content::text;
    for (const std::int64_t seed : seeds) {
      const std::shared_ptr<Transformer> model = trained_model(row, seed, options);
      if (!model) continue;
      for (const std::int64_t number : sentences_to_attend(split, is_text, options)) {
        Json maps = Json::array();
        // An encoder by itself reads running text as it reads all others.
        const bool reads_target = is_text && !model->has_decoder();
        AttendedSentence sentence{std::string(reads_target ? split.target_text(number) : split.source_text(number)),
                                  std::string(split.target_text(number)),
                                  text_start(row.row->config, row.corpus->source_tokenizer().specials()),
                                  row.row->config.labels()};
        if (is_text) sentence.most = longest_attended;
        if (data::corrupts(row.row->config.objective)) corrupt(sentence, row, number);
        for (const AttentionMap& map :
             attention_maps(*model, row.corpus->source_tokenizer(), row.corpus->target_tokenizer(), sentence)) {
          maps.push_back({{"kind", map.kind},
                          {"layer", map.layer + 1},
                          {"queries", map.queries},
                          {"keys", map.keys},
                          {"heads", heads_json(map.weights_HTS)}});
        }
        list.push_back(
            {{"row", row.row->label},
             {"seed", seed},
             {"sentence", name + " " + std::to_string(number) + ": " +
                              as_line(is_text ? beginning(std::string(split.target_text(number))) : sentence.source)},
             {"maps", std::move(maps)}});
      }
      break;
    }
  }
  return list;
}

}  // namespace ablate::lab
