#pragma once
// The files of experiments/lab/report as the build put them into the program (scripts/embed.cmake).
#include <span>
#include <string_view>

namespace ablate::lab {

struct ReportAsset {
  std::string_view name, text;
};
std::span<const ReportAsset> report_assets();

}  // namespace ablate::lab
