#pragma once
// A table as text: one renderer per format, each a pure function of the table. Every format has the rows in
// the order of sections(); markdown, latex and html are for people and round, csv and json are for programs and do
// not.
#include <string>

#include "experiments/lab/table.h"
#include "transformer/config/variants.h"

namespace ablate::lab {

/// A renderer takes a table that has passed check() and ends its text with a line break.
using Renderer = std::string (*)(const Table& table);

/// GitHub-flavoured Markdown whose columns are aligned, so that it reads as well in a terminal.
std::string render_markdown(const Table& table);

/// A `table` float for \input, in pure ASCII; needs \usepackage{booktabs} and nothing else.
std::string render_latex(const Table& table);

/// One <table class="results"> in UTF-8, valid wherever a page may have a table: caption, headings of column groups, a
/// <tbody> for each section, footnotes in its <tfoot>. It brings no style but has classes for one: cells `number`,
/// `best`, `marked`, `diverged`, `failed`, `running`, `missing`, rows `baseline`; what is best is bold without any.
std::string render_html(const Table& table);

/// RFC 4180: a header and one line per row. A measurement K has the columns K_mean, K_sd, K_ci95 (half the width of the
/// mean's 95 % interval), K_n (finite seeds), K_diverged and K_failed (seeds that did), where there are tests K_p and
/// K_p_corrected, and K_seed_S for each seed S of the table: a number, NaN where it diverged, empty where it failed, is
/// missing or running. Facts and texts have one column.
std::string render_csv(const Table& table);

/// Everything that the table holds and what is computed from it: statistics, states, which values are best.
std::string render_json(const Table& table);

/// The values of `ablate table --format`.
const config::VariantTable<Renderer>& table_formats();

/// check() and then the renderer; throws UserError with a suggestion for an unknown format.
std::string render(const Table& table, std::string_view format);

}  // namespace ablate::lab
