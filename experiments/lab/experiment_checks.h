#pragma once
// What is found wrong with an experiment before anything is trained: a mistake must not wait until all runs are done.
// Internal to experiment.cpp; `source` is the file that wrote the section.
#include "experiments/lab/experiment.h"
#include "experiments/lab/row_source.h"

namespace ablate::lab {

void check_seeds(const std::vector<std::int64_t>& seeds, const std::string& source, config::Problems& problems);

/// Columns and tests that no run will measure.
void check_table(const Experiment& experiment, const std::string& source, config::Problems& problems);

/// Published figures and columns of settings.
void check_columns_of_file(const Experiment& experiment, const std::string& source, config::Problems& problems);

/// `match` solves for one setting: it must be one, and no other than `match` may set it.
void check_match(const Experiment& experiment, const std::vector<RowSource>& sources, const std::string& source,
                 config::Problems& problems);

/// What `tune` tries must be allowed in every row, and no other than `tune` may set it.
/// `overrides`: what the command line sets.
void check_tune(const Experiment& experiment, const std::vector<RowSource>& sources,
                const std::vector<config::Layer>& overrides, const std::string& source, config::Problems& problems);

}  // namespace ablate::lab
