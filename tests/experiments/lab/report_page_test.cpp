#include "experiments/lab/report_page.h"

#include <nlohmann/json.hpp>

#include "experiments/lab/report_assets.h"
#include "tests/catch.h"
#include "tests/temporary_folder.h"
#include "transformer/core/error.h"

#include <algorithm>

using namespace ablate;
using namespace ablate::lab;
using ablate::testing::TemporaryFolder;

namespace {

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("report page: every file of the page is in it, and no mark is left", "[lab][report]") {
  const std::string page = report_page({{"title", "T"}}, "var Plotly = 'the library';");
  CHECK(page.starts_with("<!DOCTYPE html>"));
  CHECK(count_of(page, "var Plotly = 'the library';") == 1);
  CHECK(page.find("{\"title\":\"T\"}") != std::string::npos);
  CHECK(page.find("<!-- script:") == std::string::npos);
  CHECK(page.find("<!-- style:") == std::string::npos);
  CHECK(page.find("/*ABLATE_") == std::string::npos);
  for (const ReportAsset& file : report_assets()) {
    if (file.name == "page.html") continue;
    INFO(file.name);
    CHECK(page.find(file.text) != std::string::npos);
  }
}

TEST_CASE("report page: curves of a loss are called what the data call it", "[lab][report]") {
  const std::string page = report_page({{"title", "T"}}, "");
  CHECK(page.find("Dev NLL") == std::string::npos);
  CHECK(page.find("Training NLL") == std::string::npos);
  CHECK(count_of(page, "title: 'Dev ' + Report.rows.lossName()") == 1);
  CHECK(count_of(page, "title: 'Training ' + Report.rows.lossName()") == 1);
}

TEST_CASE("report page: nothing is fetched from anywhere", "[lab][report]") {
  const std::string page = report_page({{"title", "T"}}, "");
  for (const char* reference : {"src=\"http", "href=\"http", "@import", "url(http"}) {
    INFO(reference);
    CHECK(page.find(reference) == std::string::npos);
  }
}

TEST_CASE("report page: text of the data cannot end the script, nor stand for the library", "[lab][report]") {
  const Json data = {{"title", "</script><script>alert(1)</script> /*ABLATE_CHARTS*/ \xff"}};
  const std::string page = report_page(data, "the library");
  CHECK(page.find("alert(1)</script>") == std::string::npos);
  CHECK(page.find("\\u003c/script>\\u003cscript>alert(1)") != std::string::npos);
  CHECK(count_of(page, "the library") == 1);
  CHECK(count_of(page, "/*ABLATE_CHARTS*/") == 1);  // in the title
}

TEST_CASE("report page: a chart library that is not there is an error that says what to do", "[lab][report]") {
  const TemporaryFolder folder;
  CHECK_THROWS_MENTION(chart_library(folder / "plotly.min.js"), "scripts/setup");
  CHECK(chart_library(folder.write("mine.js", "x")) == "x");
}
