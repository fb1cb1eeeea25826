// `ablate slurm`: a script that trains an experiment as the tasks of one Slurm array.
#include "experiments/cli/command.h"
#include "experiments/lab/experiment.h"
#include "experiments/lab/text.h"

#include "transformer/core/atomic_file.h"
#include "transformer/core/error.h"

#include <algorithm>
#include <filesystem>
#include <iostream>

namespace ablate::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t most_shards = 100'000;

/// Slurm reads a line of these up to its first space, and knows no quotes of ours.
std::string directive(const std::string& name, const std::string& value) {
  if (value.find_first_of(" \t\n'\"") != std::string::npos) {
    throw UserError("--" + name + ": '" + value + "' cannot stand in a line of #SBATCH: it holds spaces or quotes");
  }
  return "#SBATCH --" + name + "=" + value + "\n";
}

/// Letters, digits and dashes of the file's name and its folder's.
std::string job_name(const fs::path& file) {
  const fs::path whole = fs::absolute(file).lexically_normal();
  std::string name = "ablate-" + whole.parent_path().filename().string() + "-" + whole.stem().string();
  std::ranges::replace_if(
      name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '-');
  return name;
}

std::string directives(const Arguments& arguments, const fs::path& file) {
  const std::string shards = std::to_string(arguments.integer("shards", 1, most_shards));
  std::string text = directive("job-name", job_name(file)) + directive("array", "1-" + shards) +
                     directive("time", arguments.text("time")) +
                     directive("cpus-per-task", std::to_string(arguments.integer("cpus", 1, 1024))) +
                     directive("mem", arguments.text("memory"));
  const std::int64_t gpus = arguments.integer("gpus", 0, 64);
  if (gpus > 0) text += directive("gres", "gpu:" + std::to_string(gpus));
  for (const char* name : {"partition", "account"}) {
    if (arguments.has(name)) text += directive(name, arguments.text(name));
  }
  // Two minutes before the end the shell of the script is told, and only then. Cancelling a task sends other signals:
  // it must not come back.
  return text + directive("signal", "B:USR1@120") + "#SBATCH --requeue\n" + directive("open-mode", "append") +
         directive("output", "slurm-%x-%A_%a.log");
}

/// What `run` and `table` have in common.
std::vector<std::string> experiment_words(const Arguments& arguments) {
  std::vector<std::string> words = {arguments.required("file"), "--out", arguments.text("out")};
  for (const std::string& setting : arguments.texts("set")) words.insert(words.end(), {"--set", setting});
  return words;
}

std::vector<std::string> run_words(const Arguments& arguments) {
  std::vector<std::string> words = {"run"};
  for (const std::string& word : experiment_words(arguments)) words.push_back(word);
  const std::int64_t gpus = arguments.integer("gpus", 0, 64);
  const std::int64_t at_once = std::max<std::int64_t>(1, gpus);
  const std::int64_t threads = std::max<std::int64_t>(1, arguments.integer("cpus", 1, 1024) / at_once);
  words.insert(words.end(), {"--device", gpus > 0 ? "cuda" : "cpu", "--threads", std::to_string(threads)});
  if (gpus > 1) words.insert(words.end(), {"--jobs", std::to_string(gpus)});
  return words;
}

std::string script(const Arguments& arguments) {
  const std::string file = arguments.required("file");
  const std::string shards = std::to_string(arguments.integer("shards", 1, most_shards));
  const std::string program = lab::shell_word(fs::read_symlink("/proc/self/exe").string());
  std::vector<std::string> table = {"table"};
  for (const std::string& word : experiment_words(arguments)) table.push_back(word);
  return "#!/bin/bash\n" + directives(arguments, file) +
         "# Written by `ablate slurm`. Submit it with sbatch. The table of what is there, at any time:\n"
         "#   cd " +
         lab::shell_word(fs::current_path().string()) + " && " + program + " " + lab::shell_words(table) +
         "\n"
         "set -uo pipefail\n"
         "cd " +
         lab::shell_word(fs::current_path().string()) +
         " || exit 1\n"
         "\n"
         "time_is_up=no\n"
         "stop() { time_is_up=yes; kill -TERM \"$program\"; }\n"
         "\n" +
         program + " " + lab::shell_words(run_words(arguments)) + " --shard \"$SLURM_ARRAY_TASK_ID/" + shards +
         "\" &\n"
         "program=$!\n"
         "trap stop USR1\n"
         "trap 'kill -TERM \"$program\"' TERM INT\n"
         "# A signal ends `wait`, though not the program, which is saving then.\n"
         "status=0\n"
         "while :; do\n"
         "  wait \"$program\"\n"
         "  status=$?\n"
         "  kill -0 \"$program\" 2>/dev/null || break\n"
         "done\n"
         "if [[ $time_is_up == yes && ($status == 143 || $status == 138) ]]; then\n"
         "  scontrol requeue \"${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID\"\n"
         "fi\n"
         "exit \"$status\"\n";
}

}  // namespace

int slurm_command(const std::vector<std::string>& words) {
  Arguments arguments(
      "slurm FILE.json --shards N [options]",
      "Writes a Slurm array script to standard output: each of its tasks trains a share of the experiment's runs, "
      "saves\nbefore its time is up, and comes back to go on.",
      "  ablate slurm my.json --shards 8 --time 04:00:00 --gpus 1 > train.sbatch && sbatch train.sbatch");
  arguments.add_value("file", "experiment file", "FILE");
  arguments.add_value("shards", "how many tasks share the runs", "N");
  arguments.add_value("out", "folder of runs, seen by all hosts", "DIR", "runs");
  arguments.add_list("set", "a setting on top of every row; may be given again", "path=value");
  arguments.add_value("time", "of one task; what is not finished goes on in the next", "TIME", "08:00:00");
  arguments.add_value("cpus", "of one task", "N", "8");
  arguments.add_value("gpus", "of one task: as many runs at once", "N", "0");
  arguments.add_value("memory", "of one task", "SIZE", "16G");
  arguments.add_value("partition", "of the cluster", "NAME");
  arguments.add_value("account", "that pays", "NAME");
  arguments.add_value("script", "file to write instead of standard output", "FILE");
  if (!arguments.parse(words, {"file"})) return success;
  if (!fs::exists(arguments.required("file"))) throw UserError(arguments.text("file") + ": there is no such file");
  arguments.required("shards");
  // Its mistakes are found here, and not by every task after a night in the queue.
  lab::load_experiment(arguments.text("file"), arguments.texts("set"));
  const std::string text = script(arguments);
  if (arguments.has("script")) {
    write_file_atomically(arguments.text("script"), text);
  } else {
    std::cout << text;
  }
  return success;
}

}  // namespace ablate::cli
