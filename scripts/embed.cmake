# Writes OUTPUT, a C++ file with the text of all FILES (separated by |), for report_assets().
# cmake -DFILES=a.html|b.js -DOUTPUT=report_assets.cpp -P embed.cmake
string(REPLACE "|" ";" files "${FILES}")
set(rows "")
foreach(file IN LISTS files)
  file(READ ${file} text)
  get_filename_component(name ${file} NAME)
  string(APPEND rows "    {\"${name}\", R\"ablate_asset(${text})ablate_asset\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Written by scripts/embed.cmake.
#include \"experiments/lab/report_assets.h\"

#include <array>

namespace ablate::lab {
namespace {

constexpr ReportAsset embedded[] = {
${rows}};

}  // namespace

std::span<const ReportAsset> report_assets() { return embedded; }

}  // namespace ablate::lab
")
