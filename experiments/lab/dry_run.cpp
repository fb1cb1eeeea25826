#include "experiments/lab/dry_run.h"

#include "experiments/lab/number_format.h"
#include "experiments/lab/plan.h"
#include "experiments/lab/render/render.h"
#include "experiments/lab/starting_point.h"
#include "transformer/model/cost.h"

#include <ostream>

namespace ablate::lab {
namespace {

std::string state_text(Need need) {
  switch (need) {
    case Need::finished:
      return "finished";
    case Need::diverged:
      return "diverged";
    case Need::evaluation:
      return "trained, to be evaluated";
    case Need::rest:
      return "started";
    case Need::tuning:
      return "to tune first";
    case Need::another_attempt:
      return "failed, to be tried again";
    default:
      return "to do";
  }
}

}  // namespace

double estimated_training_memory(const RunConfig& config, const VocabularyInfo& vocabulary, at::Device device) {
  const double remembered = config.training.optimizer.kind != "sgd"  ? 2
                            : config.training.optimizer.momentum > 0 ? 1
                                                                     : 0;
  const double bytes_of_parameters =
      4.0 * static_cast<double>(count_parameters(config.model, vocabulary)) * (2 + remembered);
  const std::int64_t length =
      config.reads_windows() ? config.longest_trained() : std::min<std::int64_t>(32, config.model.max_length);
  const SequenceLengths lengths{length, length};
  const std::int64_t fit = std::max<std::int64_t>(1, config.training.batch.tokens / lengths.target);
  const std::int64_t sentences = std::min(fit, config.training.batch.sentences.value_or(fit));
  const auto model = make_transformer(config.model, vocabulary, at::kMeta, 0);
  const ForwardCost cost = forward_cost(*model, sentences, lengths);
  // The fused loss never holds the scores of all words; it is there for 32 bits on the CPU.
  const bool fused_loss = device.is_cpu() && config.training.precision == "fp32";
  return bytes_of_parameters + cost.encoder.activation_bytes + cost.decoder.activation_bytes +
         (fused_loss ? 0 : cost.output.activation_bytes);
}

void print_dry_run(std::ostream& out, const std::string& title, const std::vector<PreparedRow>& rows,
                   const std::vector<std::int64_t>& seeds, const RunOptions& options) {
  Table table;
  table.title = title;
  table.columns = {parameters_column(), {}};
  table.columns.back().key = "memory";
  table.columns.back().heading = "Memory";
  table.columns.back().unit = "estimated";
  table.columns.back().content = Content::text;
  for (const std::int64_t seed : seeds) {
    Column column;
    column.key = "seed_" + std::to_string(seed);
    column.heading = "Seed " + std::to_string(seed);
    column.content = Content::text;
    table.columns.push_back(column);
  }
  const Plan plan = make_plan(rows, seeds, options.out);
  for (const PreparedRow& row : rows) {
    const RunConfig& config = row.row->config;
    const auto parameters = static_cast<double>(count_parameters(config.model, row.vocabulary));
    const double memory = estimated_training_memory(config, row.vocabulary, options.device);
    Row printed{row.row->label,
                row.row->group,
                row.row->is_baseline,
                {fact_cell(parameters), text_cell(compact(memory) + "B")}};
    for (const PlannedRun& run : plan.runs) {
      if (run.row == &row) printed.cells.push_back(text_cell(state_text(run.need)));
    }
    table.rows.push_back(std::move(printed));
  }
  out << render(table, "markdown") << "\n" << summary_of(plan.runs) << "\n";
  for (const ChangedRow& row : plan.changed) out << describe(row) << "\n";
  for (const PreparedRow& row : rows) {
    if (!row.start) continue;
    const InitializeFromConfig& settings = row.row->config.training.initialize_from;
    out << "row '" << row.row->label << "' begins from " << start_text(settings, summary_of(*row.start)) << "\n";
    for (const std::string& note : row.start->notes) out << note << "\n";
  }
}

}  // namespace ablate::lab
