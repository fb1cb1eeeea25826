#include "experiments/lab/report_page.h"

#include "experiments/lab/report_assets.h"
#include "transformer/core/error.h"

#include <nlohmann/json.hpp>

#include <fstream>
#include <stdexcept>

namespace ablate::lab {
namespace {

std::string_view asset(std::string_view name) {
  for (const ReportAsset& file : report_assets()) {
    if (file.name == name) return file.text;
  }
  throw std::logic_error("report: the page names the file '" + std::string(name) + "', which was not built in");
}

void replace_mark(std::string& page, std::string_view mark, std::string_view text) {
  const std::size_t found = page.find(mark);
  if (found == std::string::npos) throw std::logic_error("report: the page has no mark " + std::string(mark));
  page.replace(found, mark.size(), text);
}

/// Puts files in place of `<!-- script: NAME -->`.
void inline_files(std::string& page, const std::string& kind, const std::string& opening, const std::string& closing) {
  const std::string start = "<!-- " + kind + ": ";
  for (std::size_t found = page.find(start); found != std::string::npos; found = page.find(start, found)) {
    const std::size_t end = page.find(" -->", found);
    const std::string name = page.substr(found + start.size(), end - found - start.size());
    std::string text = opening;
    text += asset(name);
    text += closing;
    page.replace(found, end + 4 - found, text);
    found += text.size();
  }
}

/// Inside a script element nothing may look like its end, or like a comment.
std::string for_script(const Json& data) {
  const std::string text = data.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
  std::string escaped;
  for (const char c : text) {
    if (c == '<') {
      escaped += "\\u003c";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string chart_library(const std::filesystem::path& named) {
  const std::filesystem::path file = named.empty() ? std::filesystem::path(ABLATE_CHARTS) : named;
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in || text.empty()) {
    throw UserError("the chart library of reports is not at " + file.string() +
                    ": scripts/setup fetches it, or name a plotly.min.js with --charts");
  }
  return text;
}

std::string report_page(const Json& data, const std::string& charts) {
  std::string page(asset("page.html"));
  inline_files(page, "style", "<style>\n", "</style>");
  inline_files(page, "script", "<script>\n", "</script>");
  // The data come last: their text may hold anything, even this mark.
  replace_mark(page, "/*ABLATE_CHARTS*/", charts);
  replace_mark(page, "/*ABLATE_DATA*/", for_script(data));
  return page;
}

}  // namespace ablate::lab
