#include "experiments/lab/schedule.h"

#include "experiments/lab/interrupt.h"
#include "experiments/lab/supervisor.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <csignal>
#include <list>
#include <new>
#include <thread>

namespace ablate::lab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto time_between_questions = std::chrono::milliseconds(500);

Failure failure_of(const std::exception_ptr& error) {
  constexpr const char* too_large = "out of memory: make the model or training.batch.tokens smaller";
  try {
    std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    return {too_large, FailureKind::out_of_memory};
  } catch (const c10::OutOfMemoryError&) {
    return {too_large, FailureKind::out_of_memory};
  } catch (const c10::Error& problem) {
    const std::string text = problem.what_without_backtrace();
    const bool is_memory = text.find("can't allocate memory") != std::string::npos;
    return is_memory ? Failure{too_large, FailureKind::out_of_memory} : Failure{text};
  } catch (const std::exception& problem) {
    return {problem.what()};
  }
}

enum class Attempt { finished, failed, taken_over };

/// Works on a run whose folder is locked. What it throws is written down there, but for Interrupted.
Attempt attempt_run(RunFolder& folder, const PlannedRun& run, const RunOptions& options, Progress& progress) {
  try {
    try {
      execute_run(folder, *run.row, run.seed, options, progress);
      clear_failure(folder.path());
      return Attempt::finished;
    } catch (const Interrupted&) {
      throw;
    } catch (const LeaseLost&) {
      throw;
    } catch (...) {
      const Failure failure = failure_of(std::current_exception());
      progress.message("failed: " + failure.message);
      folder.check_owner();
      write_failure(folder.path(), failure);
    }
  } catch (const LeaseLost& lost) {
    progress.message(lost.what());
    return Attempt::taken_over;
  } catch (const RunError& error) {
    progress.message(std::string("the failure cannot be written down: ") + error.what());
  }
  return Attempt::failed;
}

/// A run that nobody works on yet, as far as is known.
struct Pending {
  std::size_t number;
  std::unique_ptr<RunFolder> folder{};  ///< from the first question on: it remembers what it saw of another owner
  LeaseAnswer answer = LeaseAnswer::acquired;
  std::size_t asked_after = 0;  ///< how many runs had ended by then
  Clock::time_point ask_again{};
};

/// What both ways of working share: who is next, and what became of whom.
class Queue {
 public:
  Queue(const std::vector<PlannedRun>& runs, std::filesystem::path out, Dashboard& dashboard)
      : runs_(runs), out_(std::move(out)), dashboard_(dashboard) {
    for (std::size_t i = 0; i < runs.size(); ++i) pending_.push_back({i});
  }

  const PlannedRun& run(std::size_t number) const { return runs_[number]; }
  bool is_empty() const { return pending_.empty(); }
  void put_back(std::size_t number) { pending_.push_back({number}); }

  /// The next run that can be locked, and its locked folder; nothing if there is none at present. Two runs of one
  /// folder are never worked on at once.
  std::optional<Pending> next(const std::set<std::string>& hashes_at_work) {
    for (auto pending = pending_.begin(); pending != pending_.end(); ++pending) {
      if (hashes_at_work.contains(run(pending->number).hash) || Clock::now() < pending->ask_again) continue;
      if (ask(*pending) != LeaseAnswer::acquired) continue;
      Pending found = std::move(*pending);
      pending_.erase(pending);
      return found;
    }
    return std::nullopt;
  }

  /// True if asking again now can bring nothing: all that are left are at work elsewhere, also after the last end of
  /// a run of ours.
  bool is_all_elsewhere() const {
    return std::ranges::all_of(pending_, [this](const Pending& pending) {
      return pending.answer == LeaseAnswer::busy && pending.asked_after == ended_;
    });
  }

  void start(std::size_t number) {
    const std::string place = "[" + std::to_string(number + 1) + "/" + std::to_string(runs_.size()) + "] ";
    dashboard_.start(number, place + run(number).name());
  }

  void end(std::size_t number, RunEnd how, const std::string& why = "") {
    ++ended_;
    dashboard_.end(number, how);
    if (how == RunEnd::finished) ++result_.finished;
    if (how == RunEnd::failed) result_.failed.push_back(run(number).name());
    if (how == RunEnd::left) result_.left.push_back(run(number).name() + ": " + why);
    for (Pending& pending : pending_) pending.ask_again = {};
  }

  ScheduleResult result() {
    for (const Pending& pending : pending_) {
      result_.left.push_back(run(pending.number).name() + ": " + pending.folder->busy_text());
    }
    return std::move(result_);
  }

 private:
  LeaseAnswer ask(Pending& pending) {
    const bool is_first = pending.folder == nullptr;
    const PlannedRun& planned = run(pending.number);
    if (is_first) pending.folder = std::make_unique<RunFolder>(out_, *planned.row, planned.seed);
    const LeaseAnswer answer = pending.folder->try_lock();
    pending.asked_after = ended_;
    pending.ask_again = Clock::now() + time_between_questions;
    if (answer != LeaseAnswer::acquired && (is_first || answer != pending.answer)) {
      dashboard_.message(planned.name() + ": " + pending.folder->busy_text() +
                         (answer == LeaseAnswer::busy ? ": asked again at the end" : ": watched, whether it lives"));
    }
    return pending.answer = answer;
  }

  const std::vector<PlannedRun>& runs_;
  std::filesystem::path out_;
  Dashboard& dashboard_;
  std::list<Pending> pending_;
  std::size_t ended_ = 0;
  ScheduleResult result_;
};

constexpr const char* stopped_between = "stopped; everything is saved: the same command goes on";

/// Processes of the supervisor, each with a place that decides its GPU.
class JobSchedule {
 public:
  JobSchedule(const std::vector<PlannedRun>& runs, const std::filesystem::path& out, const JobSettings& settings,
              Dashboard& dashboard)
      : queue_(runs, out, dashboard),
        out_(out),
        settings_(settings),
        dashboard_(dashboard),
        supervisor_({.on_output = [this](std::size_t id, std::string_view line) { tell(id, line); },
                     .on_message =
                         [this](std::size_t id, std::string_view line) {
                           dashboard_.show(id, {.kind = RunEvent::Kind::message, .text = std::string(line)});
                         },
                     .on_end = [this](std::size_t id, const ProcessEnd& end) { finish(id, end); }}) {}

  ScheduleResult run() {
    bool is_stopping = false;
    for (;;) {
      if (interrupt_requested() && !std::exchange(is_stopping, true)) {
        dashboard_.message("stopping: " + std::to_string(supervisor_.running()) + " runs save what they have");
        supervisor_.send_to_all(interrupt_signal());
      }
      if (!is_stopping) {
        try {
          fill();
        } catch (...) {
          // Whatever is wrong with the next run, those that are at work save what they have.
          error_ = std::current_exception();
          is_stopping = true;
          supervisor_.send_to_all(SIGTERM);
        }
      }
      if (supervisor_.running() == 0 && (is_stopping || queue_.is_all_elsewhere())) break;
      supervisor_.wait(std::chrono::milliseconds(200));
    }
    if (error_) std::rethrow_exception(error_);
    stop_if_interrupted(stopped_between);
    return queue_.result();
  }

 private:
  struct Job {
    std::size_t place;
    std::unique_ptr<RunFolder> folder;
  };

  void fill() {
    while (supervisor_.running() < settings_.jobs && !queue_.is_empty()) {
      std::set<std::string> hashes;
      std::set<std::size_t> places;
      for (const auto& [number, job] : jobs_) {
        hashes.insert(queue_.run(number).hash);
        places.insert(job.place);
      }
      std::optional<Pending> next = queue_.next(hashes);
      if (!next) return;
      std::size_t place = 0;
      while (places.contains(place)) ++place;
      // Its own process locks it again.
      next->folder->unlock();
      supervisor_.start(next->number, settings_.arguments(queue_.run(next->number)), settings_.environment(place));
      queue_.start(next->number);
      jobs_.emplace(next->number, Job{place, std::move(next->folder)});
    }
  }

  void tell(std::size_t number, std::string_view line) {
    if (const std::optional<RunEvent> event = from_line(line)) dashboard_.show(number, *event);
  }

  void finish(std::size_t number, const ProcessEnd& end) {
    const auto found = jobs_.find(number);
    RunFolder& folder = *found->second.folder;
    if (end.signal == 0 && end.status == 0) {
      queue_.end(number, RunEnd::finished);
    } else if (end.signal == 0 && end.status == job_is_busy) {
      dashboard_.end(number, RunEnd::left);
      queue_.put_back(number);
    } else if (const bool is_asked_to = interrupt_requested() || error_ != nullptr;
               is_asked_to && end.signal != SIGKILL && end.status != 1) {
      queue_.end(number, RunEnd::left, "stopped");
    } else {
      // A run that failed has written down why; one that died could not.
      if (end.signal != 0 || end.status != 1) write_down(number, folder, end);
      queue_.end(number, RunEnd::failed);
    }
    jobs_.erase(found);
  }

  void write_down(std::size_t number, RunFolder& folder, const ProcessEnd& end) {
    Failure failure{describe(end), end.signal != 0 ? FailureKind::killed : FailureKind::error};
    if (!end.last_messages.empty()) failure.message += "; it said last:\n" + end.last_messages;
    dashboard_.show(number, {.kind = RunEvent::Kind::message, .text = "failed: " + describe(end)});
    try {
      if (folder.try_lock() == LeaseAnswer::acquired) write_failure(folder.path(), failure);
    } catch (const RunError& error) {
      dashboard_.message(std::string("the failure cannot be written down: ") + error.what());
    }
    folder.unlock();
  }

  Queue queue_;
  std::filesystem::path out_;
  const JobSettings& settings_;
  Dashboard& dashboard_;
  std::map<std::size_t, Job> jobs_;
  Supervisor supervisor_;
  std::exception_ptr error_;  ///< that ends the whole
};

}  // namespace

ScheduleResult train_here(const std::vector<PlannedRun>& runs, const RunOptions& options, Dashboard& dashboard) {
  Queue queue(runs, options.out, dashboard);
  while (!queue.is_all_elsewhere()) {
    stop_if_interrupted(stopped_between);
    const std::optional<Pending> next = queue.next({});
    if (!next) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      continue;
    }
    queue.start(next->number);
    Progress progress([&](const RunEvent& event) { dashboard.show(next->number, event); });
    switch (attempt_run(*next->folder, queue.run(next->number), options, progress)) {
      case Attempt::finished:
        queue.end(next->number, RunEnd::finished);
        break;
      case Attempt::failed:
        queue.end(next->number, RunEnd::failed);
        break;
      case Attempt::taken_over:
        queue.end(next->number, RunEnd::left, "taken over by another process");
        break;
    }
  }
  return queue.result();
}

ScheduleResult train_in_jobs(const std::vector<PlannedRun>& runs, const std::filesystem::path& out,
                             const JobSettings& settings, Dashboard& dashboard) {
  return JobSchedule(runs, out, settings, dashboard).run();
}

int run_job(const PlannedRun& run, const RunOptions& options, Progress& progress) {
  RunFolder folder(options.out, *run.row, run.seed);
  if (folder.try_lock() != LeaseAnswer::acquired) return job_is_busy;
  switch (attempt_run(folder, run, options, progress)) {
    case Attempt::finished:
      return 0;
    case Attempt::failed:
      return 1;
    default:
      return job_is_busy;
  }
}

}  // namespace ablate::lab
