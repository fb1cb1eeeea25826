#include "experiments/lab/catalogue.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "experiments/lab/config.h"
#include "experiments/lab/render/render.h"
#include "experiments/metrics/score.h"
#include "transformer/config/suggest.h"
#include "transformer/core/error.h"

namespace ablate::lab {
namespace {

std::string axis_name(std::string_view title) {
  std::string name;
  for (const char c : title) {
    name += c == ' ' || c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return name;
}

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::vector<CatalogueRow> rows_of(const config::Choices& choices) {
  std::vector<CatalogueRow> rows;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const config::VariantInfo& info = choices[i];
    rows.push_back({std::string(info.name), std::string(info.doc), std::string(info.paper), words_of(info.uses)});
  }
  return rows;
}

/// Walks over a configuration and notes every table that one of its fields chooses from.
class AxisCollector final : public config::Fields {
 public:
  void check(bool, const std::string&, const std::string&) override {}
  std::vector<Axis> axes;

 private:
  void do_field(const config::FieldInfo& info, config::Slot) override {
    if (info.choices == nullptr) return;
    const std::string path = prefix() + info.name;
    // One table may serve several fields; it is known by where its rows lie.
    const config::VariantInfo* identity = &(*info.choices)[0];
    const auto known = std::find(identities_.begin(), identities_.end(), identity);
    if (known != identities_.end()) {
      axes[static_cast<std::size_t>(known - identities_.begin())].paths.push_back(path);
    } else {
      identities_.push_back(identity);
      axes.push_back({axis_name(info.choices->axis()), info.doc, {path}, rows_of(*info.choices)});
    }
  }
  bool do_enter(const config::FieldInfo& info, const char*) override {
    open_.push_back(info.name);
    return true;
  }
  void do_leave() override { open_.pop_back(); }
  std::string prefix() const {
    std::string path;
    for (const std::string& name : open_) path += name + ".";
    return path;
  }

  std::vector<std::string> open_;
  std::vector<const config::VariantInfo*> identities_;  ///< of the axes, in their order
};

/// The section of an experiment file beside those of a run.
struct TableSection {
  TableConfig table;
  void describe(config::Fields& f) { f.object("table", table, "what the table shows"); }
};

/// The metrics know nothing of configurations, so they have a table of their own.
Axis metric_axis() {
  Axis axis{"metric",
            "metrics of text; options are written bleu:tokenize=none:lowercase=true",
            {"evaluation.metrics", "ablate score --metrics"},
            {}};
  for (const metrics::MetricRow& metric : metrics::metrics()) {
    CatalogueRow row{std::string(metric.name), std::string(metric.doc), std::string(metric.paper), {}};
    for (const metrics::OptionRow& option : metric.options) row.options.emplace_back(option.name);
    axis.rows.push_back(std::move(row));
  }
  return axis;
}

/// "`a`, `b`"
std::string as_code(std::vector<std::string> items) {
  for (std::string& item : items) item = "`" + item + "`";
  return joined(items, ", ");
}

/// `|` would end the cell; `<s>` would be taken for a tag.
std::string cell(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || c == '<') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string axis_markdown(const Axis& axis) {
  std::size_t width = 4;
  for (const CatalogueRow& row : axis.rows) width = std::max(width, row.name.size() + 2);
  const auto padded = [width](std::string text) { return text + std::string(width - text.size(), ' '); };
  std::string text = "### " + axis.name + "\n\n" + cell(axis.doc) + " (" + as_code(axis.paths) + ")\n\n";
  text +=
      "| " + padded("name") + " | what it is | paper | options |\n|" + std::string(width + 2, '-') + "|---|---|---|\n";
  for (const CatalogueRow& row : axis.rows) {
    text += "| " + padded("`" + row.name + "`") + " | " + cell(row.doc) + " | " + cell(row.paper) + " | " +
            as_code(row.options) + " |\n";
  }
  return text;
}

}  // namespace

std::vector<Axis> catalogue() {
  AxisCollector collector;
  RunConfig().describe(collector);
  TableSection().describe(collector);
  std::vector<Axis> axes = std::move(collector.axes);
  axes.push_back(metric_axis());
  axes.push_back(
      {"table_format", "how `ablate table` prints", {"ablate table --format"}, rows_of(table_formats().choices())});
  return axes;
}

const Axis& find_axis(const std::vector<Axis>& axes, const std::string& name) {
  std::vector<std::string> names;
  for (const Axis& axis : axes) {
    const bool has_path = std::find(axis.paths.begin(), axis.paths.end(), name) != axis.paths.end();
    if (has_path || axis.name == axis_name(name)) return axis;
    names.push_back(axis.name);
  }
  throw UserError("unknown axis '" + name + "'" + config::suggestion(axis_name(name), names));
}

std::string catalogue_markdown(const std::vector<Axis>& axes) {
  std::string text;
  for (const Axis& axis : axes) text += (text.empty() ? "" : "\n") + axis_markdown(axis);
  return text;
}

Json catalogue_json(const std::vector<Axis>& axes) {
  Json list = Json::array();
  for (const Axis& axis : axes) {
    Json rows = Json::array();
    for (const CatalogueRow& row : axis.rows) {
      rows.push_back({{"name", row.name}, {"doc", row.doc}, {"paper", row.paper}, {"options", row.options}});
    }
    list.push_back({{"name", axis.name}, {"doc", axis.doc}, {"paths", axis.paths}, {"variants", std::move(rows)}});
  }
  return {{"axes", std::move(list)}};
}

}  // namespace ablate::lab
