#include "experiments/lab/results_table.h"

#include "experiments/lab/budget_notes.h"
#include "experiments/lab/comparison.h"
#include "experiments/lab/evaluation.h"
#include "experiments/lab/figures.h"
#include "experiments/lab/identity.h"
#include "experiments/lab/measured_rows.h"
#include "experiments/lab/noise.h"
#include "experiments/lab/paper_columns.h"
#include "experiments/lab/settings_columns.h"
#include "experiments/lab/tuning.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <map>
#include <set>

namespace ablate::lab {
namespace fs = std::filesystem;
namespace {

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

/// Of a run that has not measured a figure: one that has finished was not asked for it.
State state_without_figure(RunState state) { return state == RunState::finished ? State::missing : table_state(state); }

const Json* decoding_of(const RunRecord& run) {
  if (run.state != RunState::finished || !run.result.contains("decodings")) return nullptr;
  const auto found = run.result["decodings"].find(run.decoding);
  return found == run.result["decodings"].end() ? nullptr : &*found;
}

Cell figure_cell(const RowRecord& row, const Figure& figure) {
  std::vector<Sample> samples;
  for (const RunRecord& run : row.runs) {
    Sample sample{run.seed, 0, state_without_figure(run.state)};
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
    Sample sample{run.seed, 0, state_without_figure(run.state)};
    if (run.state == RunState::finished && run.result.contains("imported")) {
      sample = {run.seed, 0, State::missing};
    } else if (run.state == RunState::finished) {
      sample = {run.seed, run.result.at("training").at("tokens_per_second").get<double>(), State::value};
    }
    samples.push_back(sample);
  }
  return measurement_cell(std::move(samples));
}

/// Texts, hidden tokens or tokens of a target a second, as the runs counted.
Column speed_column_of(const std::vector<RowRecord>& rows) {
  std::set<std::string> units;
  for (const RowRecord& row : rows) {
    for (const RunRecord& run : row.runs) {
      const Json training = run.result.value("training", Json::object());
      if (training.contains("unit")) units.insert(training["unit"].get<std::string>());
    }
  }
  Column column = speed_column();
  if (units.size() == 1 && *units.begin() != "target token") column.unit = *units.begin() + "s/s";
  return column;
}

/// What a reader must know to believe the figures; the same fact of several runs is said once.
std::vector<std::string> footnotes(const std::vector<RowRecord>& rows, const std::vector<Figure>& figures) {
  std::set<std::string> commits, environments;
  std::vector<const Json*> trainings;
  std::vector<std::string> decodings, signatures;
  const auto once = [](std::vector<std::string>& list, const std::string& text) {
    if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
  };
  for (const RowRecord& row : rows) {
    for (const RunRecord& run : row.runs) {
      if (!run.result.contains("environment")) continue;
      commits.insert(run.result["environment"].value("commit", ""));
      environments.insert(describe_environment(run.result["environment"]));
      const bool is_trained = run.state == RunState::finished && !run.result.contains("imported");
      if (is_trained) trainings.push_back(&run.result["training"]);
      const Json* decoding = decoding_of(run);
      if (decoding == nullptr) continue;
      once(decodings, describe_decoding(*decoding));
      if (const std::string text = describe_parts(*decoding, figures); !text.empty()) once(decodings, text);
      for (const Figure& figure : figures) {
        if (const std::string text = signature_of(*decoding, figure); !text.empty()) once(signatures, text);
      }
    }
  }
  std::vector<std::string> notes = signatures;
  for (const std::string& text : decodings) notes.push_back(text);
  if (const std::string text = describe_training(trainings); !text.empty()) notes.push_back(text);
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

std::vector<Figure> found_figures(const std::vector<RowRecord>& rows) {
  std::vector<const Json*> decodings;
  for (const RowRecord& row : rows) {
    for (const RunRecord& run : row.runs) {
      if (const Json* decoding = decoding_of(run)) decodings.push_back(decoding);
    }
  }
  return measured_figures(decodings);
}

Table build(const std::string& title, const std::string& caption, const std::vector<RowRecord>& rows,
            const std::vector<Figure>& figures) {
  Table table;
  table.title = title;
  table.caption = caption;
  for (const Figure& figure : figures) table.columns.push_back(column_of(figure));
  table.columns.push_back(seeds_column());
  table.columns.push_back(parameters_column());
  table.columns.push_back(speed_column_of(rows));
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

/// A run found in a folder; of no way of decoding yet.
RunRecord read_run(const RunFolder& folder, std::int64_t seed) { return {seed, folder.state(), folder.result(), ""}; }

/// The same for all seeds of a row, however their runs were decoded: config.json stores the decoding and evaluation of
/// the first call alone.
std::string training_key(const Json& stored) {
  Json config = stored.at("config");
  config.erase("decoding");
  config.erase("evaluation");
  return config.dump() + stored.at("data_hash").dump();
}

/// Every import is a row of its own, even of one model.
std::string import_key(const Json& stored, const fs::path& folder) {
  return stored.contains("imported") ? folder.filename().string() : "";
}

/// Two rows of one label are told apart by what their runs' folders are called.
void tell_imports_apart(std::map<std::string, RowRecord>& rows, const std::map<std::string, std::string>& folders) {
  std::map<std::string, int> labels;
  for (const auto& [key, row] : rows) ++labels[row.label];
  for (const auto& [key, folder] : folders) {
    RowRecord& row = rows.at(key);
    if (labels.at(row.label) > 1) row.label += " (" + folder + ")";
  }
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

/// "by model.feed_forward.d_ff in multiples of 8"
std::string match_note(const MatchConfig& match) {
  return "Rows have the baseline's " + amount_name(match) + " within " +
         number_text(100 * match.allowed(), {}, Notation::fixed, 1).mean + " %, by " + match.adjust +
         (match.multiple_of > 1 ? " in multiples of " + std::to_string(match.multiple_of) : "");
}

/// What the widths were solved to, and how near that came.
void add_match_columns(Table& table, const MatchConfig& match, const std::vector<PreparedRow>& rows) {
  if (match.by == "none") return;
  Column width, difference;
  width.key = match.adjust;
  width.heading = match.adjust.substr(match.adjust.rfind('.') + 1);
  width.content = difference.content = Content::fact;
  width.decimals = 0;
  difference.key = "match_difference";
  difference.heading = amount_name(match) + " to baseline";
  difference.notation = Notation::signed_percent;
  table.columns.push_back(width);
  table.columns.push_back(difference);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Json* const setting = setting_at(rows[i].row->resolved, match.adjust);
    const bool has_it = setting != nullptr && setting->is_number();
    table.rows[i].cells.push_back(has_it ? fact_cell(setting->get<double>()) : Cell{});
    table.rows[i].cells.push_back(rows[i].match ? fact_cell(100 * rows[i].match->difference()) : Cell{});
  }
  table.footnotes.push_back(match_note(match));
}

/// Settings and published figures, as the experiment file asks for them.
void add_columns_of_file(Table& table, const Experiment& experiment, const std::vector<PreparedRow>& rows) {
  config::Problems problems;
  std::vector<SettingColumn> settings =
      read_setting_columns(experiment.table.settings, experiment.file.string() + ": table.settings", problems);
  problems.throw_if_any();
  std::vector<Json> configurations, papers;
  for (const PreparedRow& row : rows) {
    configurations.push_back(config::Writer::write(row.row->config, config::Extent::expanded));
    papers.push_back(row.row->paper);
  }
  add_paper_columns(table, papers, experiment.file.string());
  // That some row has each was seen when the file was read; these may be others.
  std::erase_if(settings,
                [&](const SettingColumn& column) { return !setting_mistakes({column}, configurations).empty(); });
  if (!settings.empty()) add_settings_columns(table, settings, configurations);
}

}  // namespace

Table results_table(const Experiment& experiment, const std::vector<PreparedRow>& rows,
                    const std::vector<std::int64_t>& seeds, const fs::path& out,
                    const std::vector<std::string>& metrics) {
  std::vector<RowRecord> records;
  for (const PreparedRow& row : rows) {
    RowRecord record{row.row->label, row.row->group, row.row->is_baseline, {}};
    for (const std::int64_t seed : seeds) {
      const RunFolder folder(out, row, seed);
      const RunState state = shown_state(row, folder);
      record.runs.push_back(
          {seed, state, state == RunState::absent ? Json::object() : folder.result(), decoding_hash(row.row->config)});
    }
    records.push_back(std::move(record));
  }
  // What the rows are to be measured in is known before they are; runs may have been scored otherwise as well.
  std::vector<Figure> known;
  for (const PreparedRow& row : rows) add_figures(known, figures_of(row));
  std::vector<std::string> asked = metrics.empty() ? experiment.table.metrics : metrics;
  if (!asked.empty()) add_figures(known, found_figures(records));
  if (rows.size() < experiment.rows.size()) {
    // Columns that the others measure keep their places, as far as it is known on what.
    std::erase_if(asked, [&](const std::string& column) {
      const std::size_t at = column.rfind('@');
      if (at != std::string::npos) add_figures(known, {{column.substr(0, at), column.substr(at + 1)}});
      return at == std::string::npos && std::ranges::find(known, column, &Figure::metric) == known.end();
    });
  }
  Table table = build(experiment.title, experiment.table.caption, records, choose_figures(known, asked));
  MeasuredRows measured(rows, out, table);
  if (!seeds.empty())
    compare_rows(table, experiment.table.significance,
                 {[&](std::size_t row, std::size_t column) { return measured.data(row, column); },
                  [&](std::size_t row, std::size_t column, const std::vector<std::int64_t>& of_seeds) {
                    return measured.sentences(row, column, of_seeds);
                  }});
  for (std::string& note : describe_noise(table, experiment.table.differences)) {
    table.footnotes.push_back(std::move(note));
  }
  if (std::string note = describe_budgets(rows); !note.empty()) table.footnotes.push_back(std::move(note));
  add_match_columns(table, experiment.match, rows);
  add_tuning_columns(table, experiment, rows);
  add_columns_of_file(table, experiment, rows);
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
  std::map<std::string, std::string> imports;
  for (const fs::path& path : folders) {
    const RunFolder run(path);
    const Json config = run.config();
    // Trials of `tune` are no results.
    if (config.value("trial", false)) continue;
    const std::string key = training_key(config) + import_key(config, path);
    if (config.contains("imported")) imports[key] = path.filename().string();
    RowRecord& row = trained[key];
    if (row.runs.empty()) row = {config.at("label").get<std::string>(), "", config.value("is_baseline", false), {}};
    const auto seed = config.at("seed").get<std::int64_t>();
    if (std::ranges::find(row.runs, seed, &RunRecord::seed) != row.runs.end()) {
      throw UserError(path.string() + ": '" + row.label + "' with seed " + std::to_string(seed) +
                      " is in another folder beside it, too: a table has each run once, so move one of them away");
    }
    row.runs.push_back(read_run(run, seed));
  }
  tell_imports_apart(trained, imports);
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
  return build(named.filename().string(), "", records, choose_figures(found_figures(records), metrics));
}

Table runs_table(const std::vector<fs::path>& folders, const std::string& title,
                 const std::vector<std::string>& metrics) {
  std::vector<RowRecord> records;
  for (const fs::path& path : folders) {
    const RunFolder run(path);
    const Json config = run.config();
    const auto seed = config.at("seed").get<std::int64_t>();
    const std::string label = config.at("label").get<std::string>() + ", seed " + std::to_string(seed);
    for (RowRecord& decoded : by_decoding({label, "", false, {read_run(run, seed)}})) {
      records.push_back(std::move(decoded));
    }
  }
  return build(title, "", records, choose_figures(found_figures(records), metrics));
}

}  // namespace ablate::lab
