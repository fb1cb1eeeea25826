#pragma once
// One HTML file that shows a report without any network: the page of experiments/lab/report, the chart library and the
// data in one.
#include "transformer/config/json.h"

#include <filesystem>
#include <string>

namespace ablate::lab {

/// The minified chart library that scripts/setup fetched. UserError if it is not there, with what to do. `named` is a
/// file that the user chose instead, or empty.
std::string chart_library(const std::filesystem::path& named);

std::string report_page(const Json& data, const std::string& charts);

}  // namespace ablate::lab
