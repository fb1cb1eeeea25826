#pragma once
// What a report shows of single sentences: quality by length, outputs side by side, attention. Internal to
// report_data.cpp.
#include "experiments/lab/report_data.h"

namespace ablate::lab {

/// The first metric of text on every split that is scored, by the length of the source; the mean over the seeds whose
/// outputs are there.
Json lengths_json(const std::vector<PreparedRow>& rows, const std::vector<std::int64_t>& seeds,
                  const std::filesystem::path& out);

/// The outputs of every row's first seed that has any, for sentences spread over each scored split.
Json samples_json(const std::vector<PreparedRow>& rows, const std::vector<std::int64_t>& seeds,
                  const ReportOptions& options);

/// UserError for a sentence of `options.attention` that some row's split does not have.
void check_attention(const std::vector<PreparedRow>& rows, const ReportOptions& options);

/// Attention of every row's first finished seed over sentences of its first evaluated split, teacher forcing with the
/// reference: all rows read the same tokens.
Json attention_json(const std::vector<PreparedRow>& rows, const std::vector<std::int64_t>& seeds,
                    const ReportOptions& options);

}  // namespace ablate::lab
