// HTML: one table element without style, which a page gives by its classes. Text is escaped and stands on one line.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/lab/render/printed_cell.h"
#include "experiments/lab/render/render.h"
#include "experiments/lab/render/unicode.h"

namespace ablate::lab {
namespace {

std::string html_escape(std::string_view text) {
  std::string escaped;
  for (const char c : to_utf8(single_line(text))) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

/// 2.61e+13 -> 2.61 × 10^13; all other numbers stay as they are.
std::string html_power(const std::string& number) {
  const std::size_t e = number.find('e');
  if (e == std::string::npos) return number;
  return number.substr(0, e) + "&nbsp;&times;&nbsp;10<sup>" + std::to_string(std::stoi(number.substr(e + 1))) +
         "</sup>";
}

std::string html_number(const PrintedCell& cell) {
  const std::string mean = html_power(cell.number.mean);
  std::string text = cell.best ? "<strong>" + mean + "</strong>" : mean;
  if (cell.marked) text += "<sup>&dagger;</sup>";
  if (!cell.number.sd.empty()) text += " &plusmn; " + html_power(cell.number.sd);
  return text + (cell.number.unit.empty() ? "" : "&nbsp;" + html_escape(cell.number.unit));
}

constexpr CellMarkup html_cells{html_number, html_escape, "&ndash;"};

std::string class_attribute(const std::vector<std::string_view>& classes) {
  std::string names;
  for (const std::string_view name : classes) names += (names.empty() ? "" : " ") + std::string(name);
  return names.empty() ? "" : " class=\"" + names + "\"";
}

std::string span_attribute(std::string_view name, std::size_t count) {
  return count == 1 ? "" : " " + std::string(name) + "=\"" + std::to_string(count) + "\"";
}

std::string html_line(std::size_t depth, const std::string& text) { return std::string(2 * depth, ' ') + text + "\n"; }

std::string html_cell(const PrintedCell& cell, const Column& column) {
  std::vector<std::string_view> classes;
  if (is_to_the_right(column)) classes.push_back("number");
  if (cell.state != State::value && !cell.blank) classes.push_back(name_of(cell.state));
  if (cell.best) classes.push_back("best");
  if (cell.marked) classes.push_back("marked");
  return "<td" + class_attribute(classes) + ">" + cell_text(cell, html_cells) + "</td>";
}

std::string column_heading(const Column& column, std::size_t height) {
  std::vector<std::string_view> classes;
  if (is_to_the_right(column)) classes.push_back("number");
  return "<th scope=\"col\"" + class_attribute(classes) + span_attribute("rowspan", height) + ">" +
         html_escape(heading_text(column)) + "</th>";
}

/// One line of headings, or two where columns have groups: whatever has none is then two lines high.
std::string html_header(const Table& table) {
  const std::vector<ColumnGroup> groups = column_groups(table.columns);
  const bool has_groups = std::ranges::any_of(groups, [](const ColumnGroup& group) { return !group.heading.empty(); });
  const std::size_t height = has_groups ? 2 : 1;
  std::string widths = html_line(1, "<colgroup></colgroup>"), first, second;
  first = html_line(
      3, "<th scope=\"col\"" + span_attribute("rowspan", height) + ">" + html_escape(table.row_heading) + "</th>");
  for (const ColumnGroup& group : groups) {
    widths += html_line(1, "<colgroup" + span_attribute("span", group.size) + "></colgroup>");
    if (group.heading.empty()) {
      first += html_line(3, column_heading(table.columns[group.first], height));
      continue;
    }
    first += html_line(3, "<th scope=\"colgroup\"" + span_attribute("colspan", group.size) + ">" +
                              html_escape(group.heading) + "</th>");
    for (std::size_t i = group.first; i < group.first + group.size; ++i) {
      second += html_line(3, column_heading(table.columns[i], 1));
    }
  }
  std::string text = widths + html_line(1, "<thead>") + html_line(2, "<tr>") + first + html_line(2, "</tr>");
  if (has_groups) text += html_line(2, "<tr>") + second + html_line(2, "</tr>");
  return text + html_line(1, "</thead>");
}

std::string html_body(const Table& table) {
  std::string text;
  for (const PrintedSection& section : printed_sections(table)) {
    text += html_line(1, "<tbody>");
    if (!section.heading.empty()) {
      text += html_line(2, "<tr><th scope=\"rowgroup\"" + span_attribute("colspan", table.columns.size() + 1) + ">" +
                               html_escape(section.heading) + "</th></tr>");
    }
    for (const PrintedRow& row : section.rows) {
      text += html_line(2, row.is_baseline ? "<tr class=\"baseline\">" : "<tr>");
      text += html_line(3, "<th scope=\"row\">" + html_escape(row.label) + "</th>");
      for (std::size_t i = 0; i < row.cells.size(); ++i)
        text += html_line(3, html_cell(row.cells[i], table.columns[i]));
      text += html_line(2, "</tr>");
    }
    text += html_line(1, "</tbody>");
  }
  return text;
}

std::string html_footnotes(const Table& table) {
  if (table.footnotes.empty()) return "";
  std::string text = html_line(1, "<tfoot>") +
                     html_line(2, "<tr><td" + span_attribute("colspan", table.columns.size() + 1) + ">") +
                     html_line(3, "<ul>");
  for (const std::string& footnote : table.footnotes) text += html_line(4, "<li>" + html_escape(footnote) + "</li>");
  return text + html_line(3, "</ul>") + html_line(2, "</td></tr>") + html_line(1, "</tfoot>");
}

}  // namespace

std::string render_html(const Table& table) {
  const std::string caption = html_escape(caption_text(table));
  return html_line(0, "<table class=\"results\">") +
         (caption.empty() ? "" : html_line(1, "<caption>" + caption + "</caption>")) + html_header(table) +
         html_body(table) + html_footnotes(table) + html_line(0, "</table>");
}

}  // namespace ablate::lab
