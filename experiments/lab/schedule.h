#pragma once
// The runs of an experiment one after the other, or several at once in processes of their own. A run that fails leaves
// the others going on; one that another process is working on is left to it, and asked for again at the end.
#include "experiments/lab/dashboard.h"
#include "experiments/lab/plan.h"
#include "experiments/lab/runner.h"

namespace ablate::lab {

struct ScheduleResult {
  std::size_t finished = 0;
  std::vector<std::string> failed;  ///< names of runs
  std::vector<std::string> left;    ///< why each of the others is not finished
};

/// In this process. Throws Interrupted after saving if the user asks to stop.
ScheduleResult train_here(const std::vector<PlannedRun>& runs, const RunOptions& options, Dashboard& dashboard);

/// How a run becomes a process of its own.
struct JobSettings {
  std::size_t jobs = 2;
  std::function<std::vector<std::string>(const PlannedRun& run)> arguments;
  /// Of the place from 0 to `jobs` - 1 that the process takes.
  std::function<std::vector<std::pair<std::string, std::string>>(std::size_t place)> environment;
};

/// In up to `jobs` processes, each of which ends like run_job(). A signal to stop is passed on to all of them, once;
/// when they have saved, throws Interrupted.
ScheduleResult train_in_jobs(const std::vector<PlannedRun>& runs, const std::filesystem::path& out,
                             const JobSettings& settings, Dashboard& dashboard);

/// Exit status of a job whose run is another process's.
inline constexpr int job_is_busy = 75;

/// One run as the work of this process; returns its exit status: 0, 1 if it failed, or job_is_busy.
int run_job(const PlannedRun& run, const RunOptions& options, Progress& progress);

}  // namespace ablate::lab
