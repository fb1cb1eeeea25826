// `ablate run`: from an experiment file to its table.
#include "experiments/cli/command.h"
#include "experiments/cli/device.h"
#include "experiments/lab/dry_run.h"
#include "experiments/lab/interrupt.h"
#include "experiments/lab/render/render.h"
#include "experiments/lab/results_table.h"
#include "experiments/lab/runner.h"

#include "transformer/core/error.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <list>
#include <set>

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

void delete_runs(const std::vector<PreparedRow>& rows, const std::vector<std::int64_t>& seeds,
                 const std::filesystem::path& out) {
  // All are locked before the first is deleted: a run that is busy leaves the others as they are. Rows that differ in
  // their decoding alone share a folder.
  std::list<RunFolder> folders;
  std::set<std::string> hashes;
  for (const PreparedRow& row : rows) {
    for (const std::int64_t seed : seeds) {
      const RunFolder& folder = folders.emplace_back(out, row, seed);
      if (!std::filesystem::exists(folder.path()) || !hashes.insert(folder.hash()).second) {
        folders.pop_back();
      } else {
        folders.back().lock();
      }
    }
  }
  for (RunFolder& folder : folders) folder.remove();
}

void train_all(const std::vector<PreparedRow>& rows, const std::vector<std::int64_t>& seeds, const RunOptions& options,
               Progress& progress) {
  std::vector<std::pair<const PreparedRow*, std::int64_t>> missing;
  // All rows of one seed before the next seed: a table of every row is there after the first third.
  for (const std::int64_t seed : seeds) {
    for (const PreparedRow& row : rows) {
      const RunFolder folder(options.out, row, seed);
      if (!folder.exists() || !is_complete(row, folder.result())) missing.emplace_back(&row, seed);
    }
  }
  for (std::size_t i = 0; i < missing.size(); ++i) {
    const auto& [row, seed] = missing[i];
    progress.start_run("[" + std::to_string(i + 1) + "/" + std::to_string(missing.size()) + "] " + row->row->label +
                       ", seed " + std::to_string(seed));
    execute_run(*row, seed, options, progress);
  }
}

}  // namespace

int run_command(const std::vector<std::string>& words) {
  Arguments arguments(
      "run FILE.json [options]",
      "Trains and evaluates every row and seed of an experiment that is not finished yet, and prints the table.\n"
      "Ctrl-C finishes the step and saves; the same command goes on.",
      "  ablate run experiments/quickstart/experiment.json\n"
      "  ablate run my.json --set training.budget.steps=100 --rows baseline,swiglu --seeds 1\n"
      "  ablate run my.json --dry-run");
  arguments.add_value("file", "experiment file", "FILE");
  arguments.add_list("set", "a setting on top of every row; may be given again", "path=value");
  arguments.add_value("rows", "only these rows, by name", "a,b");
  arguments.add_value("seeds", "these seeds instead of the file's", "1,2");
  arguments.add_value("out", "folder of runs", "DIR", "runs");
  add_device_options(arguments);
  arguments.add_flag("dry-run", "show rows, parameters, memory and what is finished; train nothing");
  arguments.add_flag("fresh", "delete the runs of this experiment first and train again");
  arguments.add_value("format", "of the table: markdown, latex, csv or json", "FORMAT", "markdown");
  if (!arguments.parse(words, {"file"})) return success;

  const std::string format = arguments.text("format");
  table_formats().at(format);
  for (const char* option : {"fresh", "format"}) {
    if (!arguments.has("dry-run") || !arguments.has(option)) continue;
    throw UserError(std::string("--") + option + ": has no effect with --dry-run");
  }
  RunOptions options{arguments.text("out"), choose_device(arguments.text("device"))};
  set_threads(arguments);
  const Experiment experiment = load_experiment(arguments.required("file"), arguments.texts("set"));
  const auto selected = experiment.select(chosen_rows(arguments));
  const std::vector<std::int64_t> seeds = chosen_seeds(experiment, arguments);

  Progress progress(std::cerr, isatty(STDERR_FILENO) != 0);
  const std::vector<PreparedRow> rows =
      prepare(experiment, selected, options.out, options.device, [&](const std::string& text) { progress.message(text); });
  if (arguments.has("dry-run")) {
    print_dry_run(std::cout, rows, seeds, options);
    return success;
  }
  // Until here there was nothing to save.
  catch_interrupts();
  if (arguments.has("fresh")) delete_runs(rows, seeds, options.out);
  train_all(rows, seeds, options, progress);
  progress.message("");
  std::cout << render(results_table(experiment, rows, seeds, options.out, {}), format);
  return success;
}

}  // namespace ablate::cli
