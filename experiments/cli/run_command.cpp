// `ablate run`: from an experiment file to its table.
#include "experiments/cli/command.h"
#include "experiments/cli/device.h"
#include "experiments/lab/dry_run.h"
#include "experiments/lab/interrupt.h"
#include "experiments/lab/render/render.h"
#include "experiments/lab/results_table.h"
#include "experiments/lab/schedule.h"
#include "experiments/lab/text.h"
#include "experiments/lab/tuning.h"

#include "transformer/core/error.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <list>
#include <set>
#include <thread>

namespace ablate::cli {
namespace {

using namespace lab;

std::vector<std::int64_t> chosen_seeds(const Experiment& experiment, const Arguments& arguments) {
  if (!arguments.has("seeds")) return experiment.seeds;
  std::vector<std::int64_t> seeds;
  for (const std::string& text : split_list(arguments.text("seeds"))) {
    const std::int64_t seed = to_integer(text).value_or(-1);
    if (seed < 0) throw UserError("--seeds: '" + text + "' is not a seed: 0, 1, 2, …");
    const bool is_known = std::find(seeds.begin(), seeds.end(), seed) != seeds.end();
    if (is_known) throw UserError("--seeds: " + text + " stands there twice");
    seeds.push_back(seed);
  }
  if (seeds.empty()) throw UserError("--seeds: expected at least one, such as 1,2");
  return seeds;
}

std::vector<std::string> chosen_rows(const Arguments& arguments) {
  if (!arguments.has("rows")) return {};
  std::vector<std::string> rows = split_list(arguments.text("rows"));
  if (rows.empty()) throw UserError("--rows: expected at least one name, such as --rows baseline,swiglu");
  return rows;
}

/// Waits as long as it takes to know whether an owner out of sight is dead.
void lock_to_delete(RunFolder& folder, Dashboard& dashboard) {
  LeaseAnswer answer = folder.try_lock();
  if (answer == LeaseAnswer::watch) dashboard.message(folder.busy_text() + ": watched, whether it lives");
  while (answer == LeaseAnswer::watch) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stop_if_interrupted("stopped before anything was deleted");
    answer = folder.try_lock();
  }
  if (answer == LeaseAnswer::busy) throw UserError(folder.busy_text());
}

/// Runs of some rows with the same seeds.
struct Stage {
  std::vector<PreparedRow> rows;
  std::vector<std::int64_t> seeds;
};

/// The trials of `tune`.
Stage trials_of(const Experiment& experiment, const std::vector<PreparedRow>& rows) {
  Stage trials{{}, {experiment.tune.seed}};
  for (const PreparedRow& row : rows) {
    for (PreparedRow& candidate : tuning_candidates(experiment, row)) trials.rows.push_back(std::move(candidate));
  }
  return trials;
}

void delete_runs(const std::vector<Stage>& stages, const std::filesystem::path& out, Dashboard& dashboard) {
  // All are locked before the first is deleted: a run that is busy leaves the others as they are. Rows that differ in
  // their decoding alone share a folder.
  std::list<RunFolder> folders;
  std::set<std::string> hashes;
  const auto lock = [&](const PreparedRow& row, std::int64_t seed) {
    RunFolder& folder = folders.emplace_back(out, row, seed);
    if (!std::filesystem::exists(folder.path()) || !hashes.insert(folder.hash()).second) {
      folders.pop_back();
    } else {
      lock_to_delete(folder, dashboard);
    }
  };
  for (const Stage& stage : stages) {
    for (const PreparedRow& row : stage.rows) {
      // As it stands, a row that awaits its tuning is not what would be trained: such runs belong to others.
      if (row.awaits_tuning()) continue;
      for (const std::int64_t seed : stage.seeds) lock(row, seed);
    }
  }
  for (RunFolder& folder : folders) folder.remove();
}

/// What a run needs to become a process of its own, which the user does not see: "--job=ROW,TRIAL,SEED,HASH". The row
/// is told by its place in the file, since a label may hold anything, a trial of `tune` by its point, or -1; the hash
/// tells whether the file is still the same.
struct JobName {
  std::size_t row;
  std::int64_t trial, seed;
  std::string hash;
};
constexpr std::string_view job_option = "--job=";

std::optional<JobName> take_job(std::vector<std::string>& words) {
  const auto found = std::ranges::find_if(words, [](const std::string& word) { return word.starts_with(job_option); });
  if (found == words.end()) return std::nullopt;
  const std::vector<std::string> parts = split_list(std::string_view(*found).substr(job_option.size()));
  words.erase(found);
  if (parts.size() != 4) throw UserError("--job: is for this program itself");
  return JobName{static_cast<std::size_t>(to_integer(parts[0]).value_or(-1)), to_integer(parts[1]).value_or(-1),
                 to_integer(parts[2]).value_or(-1), parts[3]};
}

/// Tells of itself in lines of JSON on standard output, and prints no table.
int run_as_job(const JobName& job, const Experiment& experiment, const RunOptions& options) {
  // Should whoever started this process die, then it saves, though nobody listens.
  std::signal(SIGPIPE, SIG_IGN);
  const std::string changed = experiment.file.string() + ": was changed while the experiment ran: start it again";
  if (job.row >= experiment.rows.size()) throw UserError(changed);
  std::vector<PreparedRow> rows =
      prepare(experiment, {&experiment.rows[job.row]}, options.out, options.device, [](const std::string&) {});
  if (job.trial >= 0) {
    rows = tuning_candidates(experiment, rows.front());
    if (static_cast<std::size_t>(job.trial) >= rows.size()) throw UserError(changed);
  }
  const PreparedRow& row = rows[static_cast<std::size_t>(std::max<std::int64_t>(0, job.trial))];
  const PlannedRun run{&row, job.seed, Need::all, job.hash};
  if (RunFolder(options.out, row, job.seed).hash() != job.hash) throw UserError(changed);
  catch_interrupts();
  Progress progress([](const RunEvent& event) { std::cout << to_line(event) << "\n" << std::flush; });
  return run_job(run, options, progress);
}

/// The GPU that a process at this place sees, so that all call theirs cuda:0 and runs do not differ by its number.
std::string visible_gpu(std::size_t place, std::size_t gpus) {
  const char* given = std::getenv("CUDA_VISIBLE_DEVICES");
  const std::vector<std::string> names = given == nullptr ? std::vector<std::string>{} : split_list(given);
  const std::size_t number = place % gpus;
  return number < names.size() ? names[number] : std::to_string(number);
}

JobSettings job_settings(const Experiment& experiment, const Arguments& arguments, std::size_t jobs,
                         const RunOptions& options) {
  const bool is_any_gpu = options.device.is_cuda() && !arguments.text("device").starts_with("cuda:");
  const auto gpus = is_any_gpu ? static_cast<std::size_t>(at::detail::getCUDAHooks().deviceCount()) : 0;
  const auto share = std::max<std::size_t>(1, static_cast<std::size_t>(at::get_num_threads()) / jobs);
  const std::int64_t stated = arguments.integer("threads", 0, 1024);
  const std::string threads = std::to_string(stated > 0 ? stated : static_cast<std::int64_t>(share));
  std::vector<std::string> common = {"run", "--file=" + experiment.file.string(), "--out=" + options.out.string(),
                                     "--device=" + (is_any_gpu ? "cuda:0" : options.device.str()),
                                     "--threads=" + threads};
  for (const std::string& setting : arguments.texts("set")) common.push_back("--set=" + setting);
  return {.jobs = jobs,
          .arguments =
              [common](const PlannedRun& run) {
                const std::string trial = run.row->candidate ? std::to_string(*run.row->candidate) : "-1";
                std::vector<std::string> words = common;
                words.push_back(std::string(job_option) + std::to_string(run.row->row->number) + "," + trial + "," +
                                std::to_string(run.seed) + "," + run.hash);
                return words;
              },
          .environment =
              [gpus](std::size_t place) {
                // Threads that wait by looking take the cores from the other processes.
                std::vector<std::pair<std::string, std::string>> changes = {{"OMP_WAIT_POLICY", "PASSIVE"}};
                if (gpus > 0) changes.emplace_back("CUDA_VISIBLE_DEVICES", visible_gpu(place, gpus));
                return changes;
              }};
}

constexpr std::size_t most_named = 8;

/// The runs of this process that are not finished, told before they begin.
std::vector<PlannedRun> missing_runs(const Plan& plan, const Arguments& arguments, Dashboard& dashboard,
                                     std::size_t jobs) {
  dashboard.message(summary_of(plan.runs));
  for (const ChangedRow& row : plan.changed) dashboard.message(describe(row));
  std::vector<bool> is_mine(plan.runs.size(), true);
  if (arguments.has("shard")) is_mine = share_of(parse_shard(arguments.text("shard")), plan.runs);
  std::vector<PlannedRun> mine, missing;
  std::vector<double> seconds;
  std::size_t done = 0;
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    const PlannedRun& run = plan.runs[i];
    if (!is_mine[i]) continue;
    mine.push_back(run);
    if (run.is_done()) ++done;
    if (!run.is_done() && run.need != Need::tuning) missing.push_back(run);
    if (run.need == Need::finished) seconds.push_back(run.seconds);
  }
  if (arguments.has("shard")) dashboard.message("shard " + arguments.text("shard") + ": " + summary_of(mine));
  dashboard.begin(done + missing.size(), done, std::move(seconds), jobs);
  return missing;
}

/// "baseline, seed 1; baseline, seed 2": those of other processes, as they are now.
void tell_missing_of_other_shards(const Stage& stage, const Arguments& arguments, const RunOptions& options,
                                  Dashboard& dashboard) {
  const Plan plan = make_plan(stage.rows, stage.seeds, options.out);
  const std::vector<bool> is_mine = share_of(parse_shard(arguments.text("shard")), plan.runs);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    if (!is_mine[i] && !plan.runs[i].is_done()) names.push_back(plan.runs[i].name());
  }
  if (names.empty()) return;
  dashboard.message("not finished by other shards: " + joined(names, "; ", most_named));
}

/// Trains what is missing of a stage and adds to `all` what became of it; returns how many runs were missing.
std::size_t train(const Stage& stage, const Experiment& experiment, const Arguments& arguments,
                  const RunOptions& options, Dashboard& dashboard, ScheduleResult& all) {
  const auto jobs = static_cast<std::size_t>(arguments.integer("jobs", 1, 1024));
  const std::vector<PlannedRun> missing =
      missing_runs(make_plan(stage.rows, stage.seeds, options.out), arguments, dashboard, jobs);
  const ScheduleResult result =
      jobs == 1 ? train_here(missing, options, dashboard)
                : train_in_jobs(missing, options.out, job_settings(experiment, arguments, jobs, options), dashboard);
  if (!result.left.empty()) dashboard.message("not finished here: " + joined(result.left, "\n", most_named));
  if (arguments.has("shard")) tell_missing_of_other_shards(stage, arguments, options, dashboard);
  all.failed.insert(all.failed.end(), result.failed.begin(), result.failed.end());
  all.left.insert(all.left.end(), result.left.begin(), result.left.end());
  return missing.size();
}

/// First the trials of `tune`, then the rows with the values that these gave.
int train_and_print(const Experiment& experiment, Stage stage, const Arguments& arguments, const RunOptions& options,
                    Dashboard& dashboard) {
  ScheduleResult all;
  std::size_t missing = 0;
  const Stage trials = trials_of(experiment, stage.rows);
  if (!trials.rows.empty()) {
    dashboard.message("trials of `tune`:");
    missing += train(trials, experiment, arguments, options, dashboard, all);
    stage.rows = with_tuned_values(experiment, stage.rows, options.out);
    dashboard.message("rows with the values that were chosen:");
  }
  missing += train(stage, experiment, arguments, options, dashboard, all);
  // Everything is at work elsewhere.
  if (missing > 0 && all.left.size() == missing) throw UserError(joined(all.left, "\n", most_named));
  if (std::ranges::any_of(stage.rows, &PreparedRow::awaits_tuning)) {
    dashboard.message("some rows have trials that are not finished: the same command trains them when these are");
  }
  dashboard.message("");
  std::cout << printed_results(experiment, stage.rows, stage.seeds, options.out, {}, arguments.text("format"))
            << std::flush;
  if (all.failed.empty()) return success;
  throw RunError((all.failed.size() == 1 ? "1 run" : std::to_string(all.failed.size()) + " runs") +
                 " failed: " + joined(all.failed, "; ", most_named) +
                 ": why is told above and in failure.json of each; the same command tries again");
}

void add_options(Arguments& arguments) {
  arguments.add_value("file", "experiment file", "FILE");
  arguments.add_list("set", "a setting on top of every row; may be given again", "path=value");
  arguments.add_value("rows", "only these rows, by name", "a,b");
  arguments.add_value("seeds", "these seeds instead of the file's", "1,2");
  arguments.add_value("out", "folder of runs", "DIR", "runs");
  add_device_options(arguments);
  arguments.add_value("jobs", "runs at once, each in a process with its share of threads and, of several GPUs, its own",
                      "N", "1");
  arguments.add_value("shard", "only every n-th run from the i-th on: for n processes, on any hosts", "i/n");
  arguments.add_flag("dry-run", "show rows, parameters, memory and what is finished; train nothing");
  arguments.add_flag("fresh", "delete the runs of this experiment first and train again");
  arguments.add_value("format", "of the table: markdown, latex, html, csv or json", "FORMAT", "markdown");
}

void check_options(const Arguments& arguments) {
  table_formats().at(arguments.text("format"));
  arguments.integer("jobs", 1, 1024);
  if (arguments.has("shard")) parse_shard(arguments.text("shard"));
  for (const char* option : {"fresh", "format", "jobs", "shard"}) {
    if (!arguments.has("dry-run") || !arguments.has(option)) continue;
    throw UserError(std::string("--") + option + ": has no effect with --dry-run");
  }
  if (arguments.has("fresh") && arguments.has("shard")) {
    throw UserError("--fresh: would delete the runs of other shards too: delete them first with one process");
  }
}

}  // namespace

int run_command(const std::vector<std::string>& words) {
  Arguments arguments(
      "run FILE.json [options]",
      "Trains and evaluates every row and seed of an experiment that is not finished yet, and prints the table.\n"
      "Ctrl-C finishes the step and saves; the same command goes on. Several processes may share a folder of runs.",
      "  ablate run experiments/quickstart/experiment.json\n"
      "  ablate run my.json --set training.budget.steps=100 --rows baseline,swiglu --seeds 1\n"
      "  ablate run my.json --jobs 4\n"
      "  ablate run my.json --dry-run");
  add_options(arguments);
  std::vector<std::string> seen = words;
  const std::optional<JobName> job = take_job(seen);
  if (!arguments.parse(seen, {"file"})) return success;
  check_options(arguments);

  const RunOptions options{arguments.text("out"), choose_device(arguments.text("device"))};
  set_threads(arguments);
  const Experiment experiment = load_experiment(arguments.required("file"), arguments.texts("set"));
  if (job) return run_as_job(*job, experiment, options);
  const auto selected = experiment.select(chosen_rows(arguments));
  const std::vector<std::int64_t> seeds = chosen_seeds(experiment, arguments);

  Dashboard dashboard(std::cerr, terminal_size);
  const bool is_dry = arguments.has("dry-run");
  const std::vector<PreparedRow> rows =
      prepare(experiment, selected, options.out, is_dry ? std::nullopt : std::optional(options.device),
              [&](const std::string& text) { dashboard.message(text); });
  if (is_dry) {
    if (const Stage trials = trials_of(experiment, rows); !trials.rows.empty()) {
      print_dry_run(std::cout, "Trials of `tune`", trials.rows, trials.seeds, options);
      std::cout << "\n";
    }
    print_dry_run(std::cout, "What would be trained", rows, seeds, options);
    return success;
  }
  // Until here there was nothing to save.
  catch_interrupts();
  Stage stage{rows, seeds};
  if (arguments.has("fresh")) {
    delete_runs({trials_of(experiment, rows), stage}, options.out, dashboard);
    stage.rows = with_tuned_values(experiment, rows, options.out);
  }
  return train_and_print(experiment, std::move(stage), arguments, options, dashboard);
}

}  // namespace ablate::cli
