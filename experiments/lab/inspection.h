#pragma once
// Single runs in the terminal: what they were, how they learnt, what they put out.
#include "experiments/lab/run_folder.h"

namespace ablate::lab {

/// State, size, budget used, machine, best step, and the dev curve over updates.
std::string inspect_run(const RunFolder& run);

/// Outputs of each decoding that the run knows, `count` lines spread over every split, with source and reference where
/// the corpus that the run learnt from is still prepared beside it (OUT/corpora).
std::string sample_outputs(const RunFolder& run, std::size_t count);

/// Runs side by side: the settings that differ, the figures of each, their dev curves over one another. UserError if
/// two are the same folder.
std::string compare_runs(const std::vector<std::filesystem::path>& folders);

}  // namespace ablate::lab
