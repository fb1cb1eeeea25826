#pragma once
// What the runs of an experiment need, from what lies in the folder of runs: which are finished, which go on, which are
// to be trained, and which rows were changed since they were trained there.
#include "experiments/lab/run_folder.h"

#include <map>
#include <set>

namespace ablate::lab {

enum class Need {
  finished,    ///< nothing
  diverged,    ///< nothing either: that is a result
  evaluation,  ///< trained; decodings or scores are missing
  rest,        ///< begun
  all,
  another_attempt,  ///< the last one failed
  tuning,           ///< which settings it is trained with is not known yet
};

struct PlannedRun {
  const PreparedRow* row;
  std::int64_t seed;
  Need need;
  std::string hash;    ///< rows that differ in their decoding alone share a folder
  double seconds = 0;  ///< that its training took, if it is finished
  std::string name() const { return row->row->label + ", seed " + std::to_string(seed); }
  bool is_done() const { return need == Need::finished || need == Need::diverged; }
};

/// A row whose runs of these seeds would be trained though the folder has some of the same label and seeds.
struct ChangedRow {
  std::string label;
  std::vector<config::Change> changes;  ///< in what decides the weights; empty: in the data or the mathematics
  bool same_data = true;
  std::vector<std::filesystem::path> old_folders;  ///< one for each seed
};

struct Plan {
  std::vector<PlannedRun> runs;  ///< all rows of one seed before the next seed
  std::vector<ChangedRow> changed;
};

/// Reads no more than the folders of these runs, and those that begin with the same label and seed. UserError if one
/// of them is damaged.
Plan make_plan(const std::vector<PreparedRow>& rows, const std::vector<std::int64_t>& seeds,
               const std::filesystem::path& out);

/// "24 runs: 16 finished, 1 goes on, 7 to train"
std::string summary_of(const std::vector<PlannedRun>& runs);

/// "row 'swiglu' is not as it was last trained here (training.schedule.warmup: 200 -> 300): 3 runs are to be trained;
/// the old ones stay in …"
std::string describe(const ChangedRow& row);

/// One of several processes that share an experiment, as --shard names it.
struct Shard {
  std::int64_t number = 1, of = 1;
};
/// "2/8"; UserError if it is no such thing.
Shard parse_shard(const std::string& text);
/// Whether a run is this shard's, for each of them. Decided by the order of the runs alone, whatever is finished; runs
/// that share a folder go together.
std::vector<bool> share_of(const Shard& shard, const std::vector<PlannedRun>& runs);

}  // namespace ablate::lab
