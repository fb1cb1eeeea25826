#include "experiments/lab/plan.h"

#include "experiments/lab/runner.h"
#include "transformer/config/reader.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <charconv>

namespace ablate::lab {
namespace fs = std::filesystem;
namespace {

PlannedRun plan_run(const PreparedRow& row, std::int64_t seed, const fs::path& out) {
  const RunFolder folder(out, row, seed);
  PlannedRun run{&row, seed, Need::all, folder.hash()};
  if (row.awaits_tuning()) {
    run.need = Need::tuning;
    return run;
  }
  if (!folder.exists()) return run;
  const Json result = folder.result();
  const bool is_trained = !result.empty();
  if (is_complete(row, result)) {
    run.need = state_of(result, true) == RunState::diverged ? Need::diverged : Need::finished;
    run.seconds = result.at("training").value("seconds", 0.0);
  } else if (read_failure(folder.path())) {
    run.need = Need::another_attempt;
  } else if (is_trained) {
    run.need = Need::evaluation;
  } else if (fs::exists(folder.path() / "state.safetensors")) {
    run.need = Need::rest;
  }
  return run;
}

/// What decides the weights, but for how often is logged.
Json deciding(const Json& resolved) {
  Json sections = Json::object();
  for (const char* section : {"model", "data", "objective", "training"}) {
    if (resolved.contains(section)) sections[section] = resolved.at(section);
  }
  if (sections.contains("training")) sections["training"].erase("log_every");
  return sections;
}

/// The names in a folder of runs, read once.
class FolderNames {
 public:
  explicit FolderNames(const fs::path& out) : out_(out) {
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(out, ignored)) {
      names_.insert(entry.path().filename().string());
    }
  }

  /// The run of that row of the same experiment and of that seed that was begun last; "" if there is none but those in
  /// `wanted`. Experiments share folders of runs, and many a row is called "baseline".
  fs::path latest(const ExperimentRow& row, std::int64_t seed, const std::set<std::string>& wanted) const {
    const std::string prefix = run_folder_prefix(row.label, seed);
    fs::path found;
    fs::file_time_type when;
    for (auto name = names_.lower_bound(prefix); name != names_.end() && name->starts_with(prefix); ++name) {
      if (wanted.contains(name->substr(prefix.size()))) continue;
      std::error_code error;
      const fs::file_time_type time = fs::last_write_time(out_ / *name / "config.json", error);
      if (error || (!found.empty() && time <= when) || !is_of(row, out_ / *name)) continue;
      found = out_ / *name;
      when = time;
    }
    return found;
  }

 private:
  /// Labels of other letters may have the same folder's name. A folder that is damaged belongs to nobody here.
  static bool is_of(const ExperimentRow& row, const fs::path& folder) {
    try {
      const Json stored = config::read_json_file(folder / "config.json");
      return stored.value("label", "") == row.label && stored.value("experiment", "") == row.experiment;
    } catch (const std::exception&) {
      return false;
    }
  }

  fs::path out_;
  std::set<std::string> names_;
};

std::optional<ChangedRow> find_change(const PreparedRow& row, const std::vector<const PlannedRun*>& new_runs,
                                      const FolderNames& names, const std::set<std::string>& wanted) {
  ChangedRow changed{row.row->label, {}, true, {}};
  for (const PlannedRun* run : new_runs) {
    if (const fs::path old = names.latest(*row.row, run->seed, wanted); !old.empty()) {
      changed.old_folders.push_back(old);
    }
  }
  if (changed.old_folders.empty()) return std::nullopt;
  const Json stored = config::read_json_file(changed.old_folders.front() / "config.json");
  changed.changes = config::difference(deciding(stored.value("config", Json::object())), deciding(row.row->resolved));
  changed.same_data = stored.value("data_hash", "") == row.corpus->content_hash();
  return changed;
}

std::string value_text(const Json& value) { return value.is_discarded() ? "not set" : value.dump(); }

constexpr std::size_t most_changes_shown = 5;

std::string reason_of(const ChangedRow& row) {
  if (row.changes.empty()) return row.same_data ? "the program's mathematics" : "the data";
  std::string text;
  for (std::size_t i = 0; i < std::min(row.changes.size(), most_changes_shown); ++i) {
    const config::Change& change = row.changes[i];
    text += (i == 0 ? "" : ", ") + change.path + ": " + value_text(change.before) + " -> " + value_text(change.after);
  }
  const std::size_t more = row.changes.size() - std::min(row.changes.size(), most_changes_shown);
  return more == 0 ? text : text + " and " + std::to_string(more) + " more";
}

}  // namespace

Plan make_plan(const std::vector<PreparedRow>& rows, const std::vector<std::int64_t>& seeds, const fs::path& out) {
  Plan plan;
  std::set<std::string> wanted;
  for (const std::int64_t seed : seeds) {
    for (const PreparedRow& row : rows) {
      plan.runs.push_back(plan_run(row, seed, out));
      wanted.insert(plan.runs.back().hash);
    }
  }
  const FolderNames names(out);
  for (const PreparedRow& row : rows) {
    std::vector<const PlannedRun*> new_runs;
    for (const PlannedRun& run : plan.runs) {
      if (run.row == &row && run.need == Need::all) new_runs.push_back(&run);
    }
    if (auto changed = find_change(row, new_runs, names, wanted)) plan.changed.push_back(std::move(*changed));
  }
  return plan;
}

std::string summary_of(const std::vector<PlannedRun>& runs) {
  struct Part {
    Need need;
    const char *one, *many;
  };
  constexpr Part parts[] = {{Need::finished, "finished", "finished"},
                            {Need::diverged, "diverged", "diverged"},
                            {Need::evaluation, "to evaluate", "to evaluate"},
                            {Need::rest, "goes on", "go on"},
                            {Need::another_attempt, "that failed is tried again", "that failed are tried again"},
                            {Need::all, "to train", "to train"},
                            {Need::tuning, "to tune first", "to tune first"}};
  std::string text;
  for (const Part& part : parts) {
    const auto count = std::ranges::count(runs, part.need, &PlannedRun::need);
    if (count == 0) continue;
    text += (text.empty() ? ": " : ", ") + std::to_string(count) + " " + (count == 1 ? part.one : part.many);
  }
  return std::to_string(runs.size()) + (runs.size() == 1 ? " run" : " runs") + text;
}

std::string describe(const ChangedRow& row) {
  const std::size_t count = row.old_folders.size();
  std::string text = "row '" + row.label + "' is not as it was last trained here (" + reason_of(row) +
                     "): " + (count == 1 ? "1 run is" : std::to_string(count) + " runs are") +
                     " to be trained; the old " + (count == 1 ? "one stays in " : "ones stay in ");
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? "" : ", ") + row.old_folders[i].string();
  return text;
}

Shard parse_shard(const std::string& text) {
  const auto number = [](std::string_view digits) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() ? value : 0;
  };
  const std::string_view all = text;
  const std::size_t slash = std::min(all.find('/'), all.size() - (all.empty() ? 0 : 1));
  const Shard shard{number(all.substr(0, slash)), all.empty() ? 0 : number(all.substr(slash + 1))};
  if (shard.number >= 1 && shard.number <= shard.of) return shard;
  throw UserError("--shard: '" + text + "' is no share: 1/4 to 4/4 for one of four processes");
}

std::vector<bool> share_of(const Shard& shard, const std::vector<PlannedRun>& runs) {
  std::map<std::string, std::int64_t> order;
  std::vector<bool> mine;
  for (const PlannedRun& run : runs) {
    const auto place = order.try_emplace(run.hash, static_cast<std::int64_t>(order.size())).first;
    mine.push_back(place->second % shard.of == shard.number - 1);
  }
  return mine;
}

}  // namespace ablate::lab
