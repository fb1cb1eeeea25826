#pragma once
// Trains and evaluates one run: a row with a seed. Finished parts are found, not done again.
#include "experiments/lab/progress.h"
#include "experiments/lab/run_folder.h"

namespace ablate::lab {

struct RunOptions {
  std::filesystem::path out;
  at::Device device = at::kCPU;
};

/// True if nothing is left to do: the weights are trained (or diverged) and everything asked for is decoded and scored.
bool is_complete(const PreparedRow& row, const Json& result);

/// How the run stands as this row sees it: a failure of another row that shares the folder, and decodes it in another
/// way, is not its own.
RunState shown_state(const PreparedRow& row, const RunFolder& folder);

/// Trains unless that is done, then decodes and scores what is missing; locks the folder if it is not. Throws
/// Interrupted after saving if the user asks to stop, LeaseLost if another process has taken over the folder.
void execute_run(RunFolder& folder, const PreparedRow& row, std::int64_t seed, const RunOptions& options,
                 Progress& progress);

/// Independent seeds for what varies between runs.
struct RunSeeds {
  std::uint64_t initialization, data_order, dropout, decoding;
};
RunSeeds derive_seeds(std::int64_t seed, const VaryConfig& vary = {});

}  // namespace ablate::lab
