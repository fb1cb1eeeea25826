#include "experiments/lab/results_table.h"

#include "experiments/lab/comparison.h"
#include "experiments/lab/evaluation.h"
#include "experiments/lab/figures.h"
#include "experiments/lab/identity.h"
#include "experiments/lab/noise.h"
#include "experiments/lab/row_label.h"
#include "experiments/metrics/score.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace ablate::lab {
namespace {

namespace fs = std::filesystem;

/// One seed of a row as it lies on disk.
struct RunRecord {
  std::int64_t seed;
  RunState state;
  Json result;
  std::string decoding;  ///< key of the decoding that the table shows
};

struct RowRecord {
  std::string label, group;
  bool is_baseline;
  std::vector<RunRecord> runs;
};

State cell_state(RunState state) {
  if (state == RunState::diverged) return State::diverged;
  return state == RunState::unfinished ? State::running : State::missing;
}

const Json* decoding_of(const RunRecord& run) {
  if (run.state != RunState::finished || !run.result.contains("decodings")) return nullptr;
  const auto found = run.result["decodings"].find(run.decoding);
  return found == run.result["decodings"].end() ? nullptr : &*found;
}

Cell figure_cell(const RowRecord& row, const Figure& figure) {
  std::vector<Sample> samples;
  for (const RunRecord& run : row.runs) {
    Sample sample{run.seed, 0, cell_state(run.state)};
    if (const Json* decoding = decoding_of(run); decoding != nullptr) {
      if (const std::optional<double> value = value_of(*decoding, figure)) sample = {run.seed, *value, State::value};
    }
    samples.push_back(sample);
  }
  return measurement_cell(std::move(samples));
}

Cell seeds_cell(const RowRecord& row) {
  const auto done = std::count_if(row.runs.begin(), row.runs.end(), [](const RunRecord& run) {
    return run.state == RunState::finished || run.state == RunState::diverged;
  });
  return fact_cell(static_cast<double>(done));
}

Cell parameters_cell(const RowRecord& row) {
  for (const RunRecord& run : row.runs) {
    if (run.result.contains("training")) return fact_cell(run.result["training"].at("parameters").get<double>());
  }
  return {};
}

Cell speed_cell(const RowRecord& row) {
  std::vector<Sample> samples;
  for (const RunRecord& run : row.runs) {
    Sample sample{run.seed, 0, cell_state(run.state)};
    if (run.state == RunState::finished) {
      sample = {run.seed, run.result.at("training").at("tokens_per_second").get<double>(), State::value};
    }
    samples.push_back(sample);
  }
  return measurement_cell(std::move(samples));
}

/// What a reader must know to believe the figures; the same fact of several runs is said once.
std::vector<std::string> footnotes(const std::vector<RowRecord>& rows, const std::vector<Figure>& figures) {
  std::set<std::string> commits, environments, budgets;
  std::vector<std::string> decodings, signatures;
  const auto once = [](std::vector<std::string>& list, const std::string& text) {
    if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
  };
  for (const RowRecord& row : rows) {
    for (const RunRecord& run : row.runs) {
      if (!run.result.contains("environment")) continue;
      commits.insert(run.result["environment"].value("commit", ""));
      environments.insert(describe_environment(run.result["environment"]));
      if (run.state == RunState::finished) budgets.insert(describe_budget(run.result["training"]));
      const Json* decoding = decoding_of(run);
      if (decoding == nullptr) continue;
      once(decodings, describe_decoding(*decoding));
      for (const Figure& figure : figures) {
        if (const std::string text = signature_of(*decoding, figure); !text.empty()) once(signatures, text);
      }
    }
  }
  std::vector<std::string> notes = signatures;
  for (const std::string& text : decodings) notes.push_back(text);
  for (const std::string& text : budgets) notes.push_back(text);
  for (const std::string& text : environments) notes.push_back(text);
  if (commits.size() > 1) {
    std::string text = "The runs come from different commits:";
    for (const std::string& commit : commits) text += " " + commit;
    notes.push_back(text);
  } else if (!commits.empty()) {
    notes.push_back("Commit " + *commits.begin());
  }
  return notes;
}

Table build(const std::string& title, const std::string& caption, const std::vector<RowRecord>& rows,
            const std::vector<std::string>& metrics) {
  std::vector<const Json*> decodings;
  for (const RowRecord& row : rows) {
    for (const RunRecord& run : row.runs) {
      if (const Json* decoding = decoding_of(run)) decodings.push_back(decoding);
    }
  }
  const std::vector<Figure> figures = choose_figures(decodings, metrics);
  Table table;
  table.title = title;
  table.caption = caption;
  for (const Figure& figure : figures) table.columns.push_back(column_of(figure));
  table.columns.push_back(seeds_column());
  table.columns.push_back(parameters_column());
  table.columns.push_back(speed_column());
  for (const RowRecord& row : rows) {
    Row printed{row.label, row.group, row.is_baseline, {}};
    for (const Figure& figure : figures) printed.cells.push_back(figure_cell(row, figure));
    printed.cells.push_back(seeds_cell(row));
    printed.cells.push_back(parameters_cell(row));
    printed.cells.push_back(speed_cell(row));
    table.rows.push_back(std::move(printed));
  }
  table.footnotes = footnotes(rows, figures);
  return table;
}

/// "bleu:tokenize=none" and "test" of "bleu:tokenize=none@test".
Figure figure_of(const Column& column) {
  const std::size_t at = column.key.rfind('@');
  return {column.key.substr(0, at), column.key.substr(at + 1)};
}

bool is_loss(const Figure& figure) {
  const std::vector<std::string> losses = loss_figure_names();
  return std::find(losses.begin(), losses.end(), figure.metric) != losses.end();
}

/// What the tests of significance read again: the rows' data, and the outputs in their runs' folders.
class MeasuredRows {
 public:
  MeasuredRows(const std::vector<PreparedRow>& rows, fs::path out, const Table& table)
      : rows_(rows), out_(std::move(out)), table_(table) {}

  /// Of a figure of text the references alone count: rows may tokenize them in different ways.
  std::string data(std::size_t row, std::size_t column) const {
    const Figure figure = figure_of(table_.columns[column]);
    if (is_loss(figure)) return rows_[row].corpus->split_hash(figure.split);
    std::string text;
    for (const std::string& line : target_lines(rows_[row].corpus->split(figure.split))) text += line + "\n";
    return text;
  }

  /// A row is compared more than once, the baseline with all others: its outputs are read and counted once.
  const std::optional<metrics::SentenceStatistics>& sentences(std::size_t row, std::size_t column,
                                                              const std::vector<std::int64_t>& seeds) {
    const auto [place, is_new] = counted_.try_emplace({row, column, seeds});
    if (is_new) place->second = count_sentences(row, column, seeds);
    return place->second;
  }

 private:
  std::optional<metrics::SentenceStatistics> count_sentences(std::size_t row, std::size_t column,
                                                             const std::vector<std::int64_t>& seeds) const {
    const Figure figure = figure_of(table_.columns[column]);
    const metrics::MetricRequest request = metrics::parse_request(figure.metric);
    const metrics::Lines references = target_lines(rows_[row].corpus->split(figure.split));
    std::vector<metrics::SentenceStatistics> found;
    for (const std::int64_t seed : seeds) {
      const std::optional<metrics::Lines> lines = outputs(row, figure.split, seed);
      if (!lines || lines->size() != references.size()) return std::nullopt;
      found.push_back(metrics::sentence_statistics(request.name, *lines, {references}, request.options));
    }
    return metrics::mean_of_outputs(found);
  }

  /// Nothing where they are not there, or were made from other data than the split has now.
  std::optional<metrics::Lines> outputs(std::size_t row, const std::string& split, std::int64_t seed) const {
    const PreparedRow& prepared = rows_[row];
    const RunFolder folder(out_, prepared, seed);
    const std::string key = decoding_hash(prepared.row->config);
    const Json known = folder.result().value("decodings", Json::object());
    if (!known.contains(key) || !known[key].at("splits").contains(split)) return std::nullopt;
    const fs::path file = folder.hypotheses_file(key, split);
    const bool is_current = known[key]["splits"][split].value("data", "") == prepared.corpus->split_hash(split);
    return is_current && fs::exists(file) ? std::optional(read_lines(file)) : std::nullopt;
  }

  const std::vector<PreparedRow>& rows_;
  fs::path out_;
  const Table& table_;
  std::map<std::tuple<std::size_t, std::size_t, std::vector<std::int64_t>>, std::optional<metrics::SentenceStatistics>>
      counted_;
};

RunRecord read_run(const RunFolder& folder, std::int64_t seed, const std::string& decoding) {
  const bool exists = folder.exists();
  Json result = exists ? folder.result() : Json::object();
  const RunState state = state_of(result, exists);
  return {seed, state, std::move(result), decoding};
}

/// The same for all seeds of a row, however their runs were decoded: config.json stores the decoding and evaluation of
/// the first call alone.
std::string training_key(const Json& stored) {
  Json config = stored.at("config");
  config.erase("decoding");
  config.erase("evaluation");
  return config.dump() + stored.at("data_hash").dump();
}

/// A row for each way of decoding that any of its runs knows; runs that were never decoded belong to all of them.
std::vector<RowRecord> by_decoding(const RowRecord& trained) {
  const auto decodings = [](const RunRecord& run) { return run.result.value("decodings", Json::object()); };
  std::set<std::string> keys;
  for (const RunRecord& run : trained.runs) {
    const Json known = decodings(run);
    for (const auto& [key, decoding] : known.items()) keys.insert(key);
  }
  if (keys.empty()) keys.insert("");
  std::vector<RowRecord> rows;
  for (const std::string& key : keys) {
    RowRecord row{trained.label, trained.group, trained.is_baseline, {}};
    if (keys.size() > 1) row.label += " (decoding " + key + ")";
    for (const RunRecord& run : trained.runs) {
      const Json known = decodings(run);
      if (known.empty() || known.contains(key)) row.runs.push_back({run.seed, run.state, run.result, key});
    }
    std::sort(row.runs.begin(), row.runs.end(), [](const auto& a, const auto& b) { return a.seed < b.seed; });
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

Table results_table(const Experiment& experiment, const std::vector<PreparedRow>& rows,
                    const std::vector<std::int64_t>& seeds, const fs::path& out,
                    const std::vector<std::string>& metrics) {
  std::vector<RowRecord> records;
  for (const PreparedRow& row : rows) {
    RowRecord record{row.row->label, row.row->group, row.row->is_baseline, {}};
    for (const std::int64_t seed : seeds) {
      record.runs.push_back(read_run(RunFolder(out, row, seed), seed, decoding_hash(row.row->config)));
    }
    records.push_back(std::move(record));
  }
  Table table =
      build(experiment.title, experiment.table.caption, records, metrics.empty() ? experiment.table.metrics : metrics);
  MeasuredRows measured(rows, out, table);
  compare_rows(table, experiment.table.significance,
               {[&](std::size_t row, std::size_t column) { return measured.data(row, column); },
                [&](std::size_t row, std::size_t column, const std::vector<std::int64_t>& of_seeds) {
                  return measured.sentences(row, column, of_seeds);
                }});
  for (std::string& note : describe_noise(table, experiment.table.differences)) {
    table.footnotes.push_back(std::move(note));
  }
  return table;
}

Table folder_table(const fs::path& folder, const std::vector<std::string>& metrics) {
  std::vector<fs::path> folders;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (fs::exists(entry.path() / "config.json")) folders.push_back(entry.path());
  }
  if (folders.empty()) throw UserError(folder.string() + ": holds no runs");
  std::sort(folders.begin(), folders.end());
  std::map<std::string, RowRecord> trained;
  for (const fs::path& path : folders) {
    const RunFolder run(path);
    const Json config = run.config();
    RowRecord& row = trained[training_key(config)];
    if (row.runs.empty()) row = {config.at("label").get<std::string>(), "", config.value("is_baseline", false), {}};
    row.runs.push_back(read_run(run, config.at("seed").get<std::int64_t>(), ""));
  }
  std::vector<RowRecord> records;
  for (const auto& [key, row] : trained) {
    for (RowRecord& decoded : by_decoding(row)) records.push_back(std::move(decoded));
  }
  std::stable_sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.label < b.label; });
  // Runs of several experiments have several baselines, and the folder none.
  if (std::ranges::count_if(records, &RowRecord::is_baseline) > 1) {
    for (RowRecord& row : records) row.is_baseline = false;
  }
  // "runs", "runs/" and "." alike are called by the folder's name.
  const fs::path named = (fs::absolute(folder) / "").lexically_normal().parent_path();
  return build(named.filename().string(), "", records, metrics);
}

}  // namespace ablate::lab
