#pragma once
// The folder of one run (a row times a seed): config.json, metrics.jsonl, checkpoints, tokenizers, result.json,
// initialization.json if it began from another run, and failure.json if the last attempt failed.
#include "experiments/lab/failure.h"
#include "experiments/lab/lease.h"
#include "experiments/lab/preparation.h"

namespace ablate::lab {

/// What a run shows from outside.
enum class RunState { absent, unfinished, finished, diverged, failed };

class RunFolder {
 public:
  /// The folder of the run in `out`, named LABEL.sSEED.HASH; one with the same hash under another label is the same
  /// run.
  /// UserError if a run of another configuration lies there.
  RunFolder(const std::filesystem::path& out, const PreparedRow& row, std::int64_t seed);
  /// An existing run's folder, which may have been renamed. UserError if it is none, or damaged.
  explicit RunFolder(std::filesystem::path folder);

  /// Creates it if need be and takes it for this process, until the object dies. Does not wait: an owner out of sight
  /// is watched from one call to the next, see Lease.
  LeaseAnswer try_lock();
  void unlock();
  /// The same, but a UserError if another process trains in it or may do so.
  void lock();
  /// That error's text, with whoever was found by the last try.
  std::string busy_text() const;
  /// Locks it and stores configuration and tokenizers. What a process that was killed left half-written is removed.
  void open(const PreparedRow& row, std::int64_t seed);
  /// Throws LeaseLost if another process has taken over the folder that this one had locked: it must write no more.
  void check_owner() const;
  /// The same as far as it is known already: costs nothing.
  void check_owner_quickly() const;
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  bool exists() const;
  const std::filesystem::path& path() const { return folder_; }
  std::filesystem::path metrics_file() const { return folder_ / "metrics.jsonl"; }
  std::filesystem::path initialization_file() const { return folder_ / "initialization.json"; }
  std::filesystem::path hypotheses_file(const std::string& decoding, const std::string& split) const;
  const std::string& hash() const { return hash_; }

  /// result.json, or an empty object. UserError if it is damaged: no JSON, or without what every result has.
  Json result() const;
  void write_result(const Json& result) const;  ///< atomically
  /// initialization.json: what a run that began from another one took over from it; else an empty object.
  Json initialization() const;
  /// config.json. UserError if it is damaged: as above, or its settings are not those that its hash was made of.
  Json config() const;
  /// Adds to config.json on what the run was begun.
  void write_environment(const Json& environment) const;
  RunState state() const;

  /// Deletes everything that the run left; UserError if another process trains in it.
  void remove();

 private:
  void check_hash() const;

  std::filesystem::path folder_;
  std::string hash_;
  std::unique_ptr<Lease> lease_;
};

/// "missing", "unfinished", "finished", "diverged", "failed"
std::string_view name_of(RunState state);
/// What a table shows of a run: a finished one has a value.
State table_state(RunState state);

RunState state_of(const Json& result, bool folder_exists, bool has_failure = false);

/// "LABEL.sSEED." in the letters of a folder's name: how the folders of all runs begin that have this label and seed.
std::string run_folder_prefix(const std::string& label, std::int64_t seed);

}  // namespace ablate::lab
