#include "experiments/lab/results_table.h"

#include "experiments/lab/figures.h"
#include "experiments/lab/identity.h"
#include "experiments/lab/row_label.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <map>
#include <set>

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
  return build(experiment.title, experiment.table.caption, records,
               metrics.empty() ? experiment.table.metrics : metrics);
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
