// Markdown. A column's cells have one width in a terminal: escaped text is padded by the columns it takes
// there.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/lab/render/printed_cell.h"
#include "experiments/lab/render/render.h"
#include "experiments/lab/render/unicode.h"

namespace ablate::lab {
namespace {

constexpr std::size_t narrowest = 3;  // "---" under a heading

bool is_word(char32_t c) { return (c >= U'0' && c <= U'9') || (c >= U'A' && c <= U'Z') || (c >= U'a' && c <= U'z'); }

/// Text as it stands, on one line. An underscore inside a word (rms_norm) is no markup and reads better bare,
/// and an ampersand is markup only before the name or the number of a character.
std::string escape(std::string_view text, bool in_table) {
  const std::u32string line = single_line(text);
  std::u32string escaped;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char32_t c = line[i];
    const bool after_word = i > 0 && is_word(line[i - 1]);
    const bool before_word = i + 1 < line.size() && is_word(line[i + 1]);
    const bool before_number = i + 1 < line.size() && line[i + 1] == U'#';
    const bool is_markup = std::u32string_view(U"\\`*<[~$").find(c) != std::u32string_view::npos ||
                           (c == U'|' && in_table) || (c == U'_' && !(after_word && before_word)) ||
                           (c == U'&' && (before_word || before_number));
    if (is_markup) escaped.push_back(U'\\');
    escaped.push_back(c);
  }
  return to_utf8(escaped);
}

std::string bold(const std::string& text) { return text.empty() ? "" : "**" + text + "**"; }

std::string markdown_number(const PrintedCell& cell) {
  std::string text = cell.best ? bold(cell.number.mean) : cell.number.mean;
  if (cell.marked) text += "†";
  if (!cell.number.sd.empty()) text += " ± " + cell.number.sd;
  if (!cell.number.unit.empty()) text += " " + cell.number.unit;
  return text;
}

std::string in_cell(std::string_view text) { return escape(text, true); }

constexpr CellMarkup markdown_cells{markdown_number, in_cell, "–"};

std::vector<std::string> markdown_header(const Table& table) {
  std::vector<std::string> line = {in_cell(table.row_heading)};
  for (const Column& column : table.columns) {
    const std::string group = column.group.empty() || column.is_beside ? "" : column.group + " ";
    line.push_back(in_cell(group + heading_text(column)));
  }
  return line;
}

std::vector<std::vector<std::string>> markdown_body(const Table& table) {
  std::vector<std::vector<std::string>> lines;
  for (const PrintedSection& section : printed_sections(table)) {
    if (!section.heading.empty()) {
      lines.emplace_back(table.columns.size() + 1).front() = bold(in_cell(section.heading));
    }
    for (const PrintedRow& row : section.rows) {
      std::vector<std::string>& line = lines.emplace_back();
      line.push_back(in_cell(row.label));
      for (const PrintedCell& cell : row.cells) line.push_back(cell_text(cell, markdown_cells));
    }
  }
  return lines;
}

bool is_left(const Table& table, std::size_t position) {
  return position == 0 || !is_to_the_right(table.columns[position - 1]);
}

std::string grid(const Table& table) {
  std::vector<std::vector<std::string>> lines = markdown_body(table);
  lines.insert(lines.begin(), markdown_header(table));
  std::vector<std::size_t> widths(lines.front().size(), narrowest);
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
  }
  std::vector<std::string> rule;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    rule.push_back(is_left(table, i) ? std::string(widths[i], '-') : std::string(widths[i] - 1, '-') + ":");
  }
  lines.insert(lines.begin() + 1, rule);

  std::string text;
  for (const auto& line : lines) {
    text += "|";
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string padding(widths[i] - display_width(line[i]), ' ');
      text += " " + (is_left(table, i) ? line[i] + padding : padding + line[i]) + " |";
    }
    text += "\n";
  }
  return text;
}

}  // namespace

std::string render_markdown(const Table& table) {
  std::string text;
  if (!table.title.empty()) text += bold(escape(table.title, false)) + "\n\n";
  if (!table.caption.empty()) text += escape(table.caption, false) + "\n\n";
  text += grid(table);
  if (!table.footnotes.empty()) text += "\n";
  for (const std::string& footnote : table.footnotes) text += "- " + escape(footnote, false) + "\n";
  return text;
}

}  // namespace ablate::lab
