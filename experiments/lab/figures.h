#pragma once
// The figures that a result holds: their columns, values, signatures, and the conditions under which they were measured
// said in a sentence.
#include "experiments/lab/results_table.h"

namespace ablate::lab {

/// nll, perplexity, …: what is measured of a model itself on every split and on dev.
std::vector<std::string> loss_figure_names();

/// Whether it compares texts whatever their tokens are.
bool is_of_any_tokens(const Figure& figure);

/// Everything that a row is measured in.
std::vector<Figure> figures_of(const PreparedRow& row);

/// Everything that these results hold.
std::vector<Figure> measured_figures(const std::vector<const Json*>& decodings);

/// Adds those of `more` that are not among `figures`.
void add_figures(std::vector<Figure>& figures, const std::vector<Figure>& more);

/// The figures to show: those asked for, or all scores and the dev perplexity. UserError for one that is not among
/// `known`.
std::vector<Figure> choose_figures(const std::vector<Figure>& known, const std::vector<std::string>& asked);

Column column_of(const Figure& figure);
/// Nothing if it was not measured; infinity if it overflowed, which the table shows as diverged.
std::optional<double> value_of(const Json& decoding, const Figure& figure);
/// "bleu@test: nrefs:1|…", or "" for a figure without one.
std::string signature_of(const Json& decoding, const Figure& figure);

/// "test, 1-20 tokens: 846 pairs; test, 21-26 tokens: 97 pairs" for the parts among the figures; "" without any.
std::string describe_parts(const Json& decoding, const std::vector<Figure>& figures);

std::string describe_decoding(const Json& decoding);
std::string describe_environment(const Json& environment);

}  // namespace ablate::lab
