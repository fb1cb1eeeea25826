// LaTeX with booktabs: rules above, below and between sections, none between columns.
#include <string>
#include <string_view>
#include <vector>

#include "experiments/lab/render/latex_escape.h"
#include "experiments/lab/render/printed_cell.h"
#include "experiments/lab/render/render.h"

namespace ablate::lab {
namespace {

constexpr std::string_view indent = "    ";

/// 2.61e+13 -> {2.61 \times 10^{13}}, which may bear a mark; all other numbers stay as they are. For math mode.
std::string math_number(const std::string& number) {
  const std::size_t e = number.find('e');
  if (e == std::string::npos) return number;
  return "{" + number.substr(0, e) + " \\times 10^{" + std::to_string(std::stoi(number.substr(e + 1))) + "}}";
}

std::string latex_number(const PrintedCell& cell) {
  const std::string mean = math_number(cell.number.mean);
  std::string math = cell.best ? "\\mathbf{" + mean + "}" : mean;
  if (cell.marked) math += "^{\\dagger}";
  if (!cell.number.sd.empty()) math += " \\pm " + math_number(cell.number.sd);
  return "$" + math + "$" + (cell.number.unit.empty() ? "" : "\\," + latex_escape(cell.number.unit));
}

constexpr CellMarkup latex_cells{latex_number, latex_escape, "--"};

std::string latex_line(const std::vector<std::string>& cells) {
  std::string line(indent);
  for (std::size_t i = 0; i < cells.size(); ++i) line += (i == 0 ? "" : " & ") + cells[i];
  return line + " \\\\\n";
}

std::string spanning(std::size_t columns, std::string_view alignment, const std::string& text) {
  return "\\multicolumn{" + std::to_string(columns) + "}{" + std::string(alignment) + "}{" + text + "}";
}

/// Headings above groups of neighbouring columns, each with its rule; "" if no column has a group.
std::string group_lines(const std::vector<Column>& columns) {
  std::vector<std::string> cells = {""};
  std::string rules;
  for (const ColumnGroup& group : column_groups(columns)) {
    cells.push_back(group.heading.empty() ? "" : spanning(group.size, "c", latex_escape(group.heading)));
    if (group.heading.empty()) continue;
    // Column 1 is the label, so that the first of `columns` is number 2.
    const std::size_t first = group.first + 2;
    rules += " \\cmidrule(lr){" + std::to_string(first) + "-" + std::to_string(first + group.size - 1) + "}";
  }
  return rules.empty() ? "" : latex_line(cells) + std::string(indent) + rules.substr(1) + "\n";
}

std::string latex_header(const Table& table) {
  std::vector<std::string> cells = {latex_escape(table.row_heading)};
  for (const Column& column : table.columns) cells.push_back(latex_escape(heading_text(column)));
  return group_lines(table.columns) + latex_line(cells);
}

std::string latex_body(const Table& table) {
  std::string text;
  for (const PrintedSection& section : printed_sections(table)) {
    text += std::string(indent) + "\\midrule\n";
    if (!section.heading.empty()) {
      const std::string heading = "\\emph{" + latex_escape(section.heading) + "}";
      text += latex_line({spanning(table.columns.size() + 1, "l", heading)});
    }
    for (const PrintedRow& row : section.rows) {
      std::vector<std::string> cells = {latex_escape(row.label)};
      for (const PrintedCell& cell : row.cells) cells.push_back(cell_text(cell, latex_cells));
      text += latex_line(cells);
    }
  }
  return text;
}

std::string caption(const Table& table) {
  const std::string text = latex_escape(caption_text(table));
  return text.empty() ? "" : "  \\caption{" + text + "}\n";
}

std::string footnotes(const Table& table) {
  if (table.footnotes.empty()) return "";
  std::string text = "\n  \\medskip\n  \\begin{minipage}{\\linewidth}\\footnotesize\\raggedright\n";
  for (const std::string& footnote : table.footnotes) text += "    " + latex_escape(footnote) + "\\par\n";
  return text + "  \\end{minipage}\n";
}

}  // namespace

std::string render_latex(const Table& table) {
  std::string alignment = "l";
  for (const Column& column : table.columns) alignment += is_to_the_right(column) ? "r" : "l";
  return "% Needs \\usepackage{booktabs}.\n"
         "\\begin{table}[t]\n"
         "  \\centering\n" +
         caption(table) + "  \\begin{tabular}{" + alignment + "}\n" + std::string(indent) + "\\toprule\n" +
         latex_header(table) + latex_body(table) + std::string(indent) + "\\bottomrule\n" + "  \\end{tabular}\n" +
         footnotes(table) + "\\end{table}\n";
}

}  // namespace ablate::lab
