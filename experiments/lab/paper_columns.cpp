#include "experiments/lab/paper_columns.h"

#include "transformer/core/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>

namespace ablate::lab {
namespace {

constexpr const char* paper_group = "paper";

std::string paper_text(const Json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// "bleu:tokenize=none" and "bleu" of "bleu:tokenize=none@test".
bool names_metric(const std::string& heading, const std::string& key) {
  const std::string metric = key.substr(0, key.rfind('@'));
  return heading == metric || heading == metric.substr(0, metric.find(':'));
}

/// The one column that a heading means, by the first of these ways that fits any; nothing if it fits several.
std::optional<std::size_t> column_meant(const std::vector<Column>& columns, const std::string& heading) {
  const auto fits = [&](const Column& column, int way) {
    return way == 0 ? heading == column.key : way == 1 ? names_metric(heading, column.key) : heading == column.heading;
  };
  for (const int way : {0, 1, 2}) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].content != Content::text && fits(columns[i], way)) found.push_back(i);
    }
    if (found.size() == 1) return found.front();
    if (found.size() > 1) return std::nullopt;
  }
  return std::nullopt;
}

/// All headings, in the order in which they first occur.
std::vector<std::string> paper_headings(const Table& table, const std::vector<Json>& papers,
                                        const std::string& source) {
  std::vector<std::string> headings;
  for (std::size_t i = 0; i < papers.size(); ++i) {
    if (const auto mistakes = paper_mistakes(papers[i]); !mistakes.empty()) {
      throw UserError(source + ": row '" + table.rows[i].label + "': " + mistakes.front());
    }
    for (const auto& [heading, value] : papers[i].items()) {
      if (std::find(headings.begin(), headings.end(), heading) == headings.end()) headings.push_back(heading);
    }
  }
  return headings;
}

std::vector<Cell> paper_cells(const std::vector<Json>& papers, const std::string& heading) {
  std::vector<Cell> cells;
  for (const Json& paper : papers) {
    cells.push_back(text_cell(paper.contains(heading) ? paper_text(paper[heading]) : ""));
  }
  return cells;
}

}  // namespace

std::vector<std::string> paper_mistakes(const Json& paper) {
  if (paper.is_null()) return {};
  if (!paper.is_object()) return {R"(paper: expected an object of headings and figures, such as {"bleu": 25.8})"};
  std::vector<std::string> mistakes;
  for (const auto& [heading, value] : paper.items()) {
    if (heading.find_first_not_of(" \t\r\n") == std::string::npos) {
      mistakes.emplace_back("paper: a heading is blank: say what the figure is");
    } else if (!value.is_number() && !value.is_string() && !value.is_null()) {
      mistakes.push_back("paper." + heading + ": expected a number or a text");
    }
  }
  return mistakes;
}

void add_paper_columns(Table& table, const std::vector<Json>& papers, const std::string& source) {
  if (papers.size() != table.rows.size()) throw std::logic_error("paper columns: not one per row");
  std::map<std::string, std::string> beside;  // key of our column -> heading
  for (const std::string& heading : paper_headings(table, papers, source)) {
    Column column;
    column.key = std::string(paper_group) + ":" + heading;
    column.content = Content::text;
    column.is_numeric = true;
    const std::optional<std::size_t> meant = column_meant(table.columns, heading);
    if (!meant) {
      column.heading = heading;
      column.group = paper_group;
      insert_column(table, table.columns.size(), std::move(column), paper_cells(papers, heading));
      continue;
    }
    const Column& ours = table.columns[*meant];
    const auto [known, is_new] = beside.try_emplace(ours.key, heading);
    if (!is_new) {
      throw UserError(source + ": paper: '" + known->second + "' and '" + heading + "' both mean the column " +
                      ours.key + ": call it the same in all rows");
    }
    column.heading = paper_group;
    column.group = ours.group;
    column.is_beside = true;
    insert_column(table, *meant + 1, std::move(column), paper_cells(papers, heading));
  }
}

}  // namespace ablate::lab
