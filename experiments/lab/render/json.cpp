// JSON. What does not apply is null rather than absent, so that every row has the same keys.
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "experiments/lab/render/render.h"
#include "experiments/lab/significance.h"
#include "transformer/config/json.h"

namespace ablate::lab {
namespace {

Json json_number(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

/// A fact that is a whole number (parameters, seeds) is written as one.
Json fact(const std::optional<double>& value) {
  constexpr double exact_integers = 9007199254740992;  // 2^53
  const bool is_whole = value && std::abs(*value) < exact_integers && *value == std::trunc(*value);
  return is_whole ? Json(static_cast<std::int64_t>(*value)) : json_number(value);
}

Json samples(const Cell& cell) {
  Json list = Json::array();
  for (const Sample& sample : cell.samples) {
    const State state = state_of(sample);
    Json& item = list.emplace_back();
    item["seed"] = sample.seed;
    item["state"] = name_of(state);
    item["value"] = state == State::value ? Json(sample.value) : Json(nullptr);
  }
  return list;
}

Json json_of(const Cell& cell, const Column& column, bool best) {
  Json json;
  if (column.content == Content::text) {
    json["state"] = name_of(cell.text.empty() ? State::missing : State::value);
    json["text"] = cell.text;
    json["repeats_baseline"] = cell.repeats_baseline;
    return json;
  }
  const Summary summary = summarize(cell);
  json["state"] = name_of(summary.state);
  json["best"] = best;
  if (column.content == Content::fact) {
    json["value"] = fact(summary.statistics.mean);
    return json;
  }
  json["mean"] = json_number(summary.statistics.mean);
  json["sd"] = json_number(summary.statistics.sd);
  json["ci95"] = json_number(confidence_half_width(summary.statistics));
  json["n"] = summary.statistics.n;
  json["diverged"] = summary.diverged;
  json["failed"] = summary.failed;
  json["samples"] = samples(cell);
  return json;
}

Json json_of(const Column& column) {
  Json json;
  json["key"] = column.key;
  json["heading"] = column.heading;
  json["unit"] = column.unit;
  json["group"] = column.group;
  json["content"] = name_of(column.content);
  json["direction"] = name_of(column.direction);
  json["notation"] = name_of(column.notation);
  json["decimals"] = column.decimals;
  return json;
}

Json columns(const Table& table) {
  Json list = Json::array();
  for (const Column& column : table.columns) list.push_back(json_of(column));
  return list;
}

Json rows(const Table& table) {
  Json list = Json::array();
  for (const Section& section : sections(table)) {
    for (const std::size_t index : section.rows) {
      const Row& row = table.rows[index];
      Json& json = list.emplace_back();
      json["label"] = row.label;
      json["group"] = row.group;
      json["baseline"] = row.is_baseline;
      Json& cells = json["cells"] = Json::object();
      for (std::size_t i = 0; i < row.cells.size(); ++i) {
        Json& cell = cells[table.columns[i].key];
        cell = json_of(row.cells[i], table.columns[i], best_rows(table, i)[index]);
        if (!is_tested(table, i)) continue;
        const Comparison* const test = comparison_with_baseline(table, index, i);
        cell["p"] = test != nullptr ? Json(test->p) : Json(nullptr);
        cell["p_corrected"] = test != nullptr ? Json(test->corrected) : Json(nullptr);
        cell["significant"] = test != nullptr && test->significant;
      }
    }
  }
  return list;
}

Json comparisons(const Table& table) {
  Json list = Json::array();
  for (const Comparison& found : table.comparisons) {
    list.push_back({{"column", table.columns[found.column].key},
                    {"row", table.rows[found.row].label},
                    {"other", table.rows[found.other].label},
                    {"difference", found.difference},
                    {"p", found.p},
                    {"p_corrected", found.corrected},
                    {"significant", found.significant}});
  }
  return list;
}

}  // namespace

std::string render_json(const Table& table) {
  Json json;
  json["title"] = table.title;
  json["caption"] = table.caption;
  json["footnotes"] = table.footnotes;
  json["row_heading"] = table.row_heading;
  json["columns"] = columns(table);
  json["rows"] = rows(table);
  if (!table.comparisons.empty()) json["comparisons"] = comparisons(table);
  // A label that is not UTF-8 is shown with U+FFFD, as in the other formats.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ablate::lab
