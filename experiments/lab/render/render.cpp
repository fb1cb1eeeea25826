#include "experiments/lab/render/render.h"

#include <array>

namespace ablate::lab {
namespace {

constexpr std::array<config::Variant<Renderer>, 5> format_rows = {{
    {{"markdown", "aligned columns, for a terminal and a README", "", ""}, render_markdown},
    {{"latex", "a booktabs table for \\input, pure ASCII", "", ""}, render_latex},
    {{"html", "one <table> to paste into a page, styled by its classes", "HTML Living Standard, 4.9", ""}, render_html},
    {{"csv", "RFC 4180, one line per row, every seed's value at full precision", "RFC 4180", ""}, render_csv},
    {{"json", "everything, every seed's value at full precision", "", ""}, render_json},
}};

constexpr config::VariantTable<Renderer> formats{"table format", format_rows};

}  // namespace

const config::VariantTable<Renderer>& table_formats() { return formats; }

std::string render(const Table& data, std::string_view format) {
  const Renderer renderer = formats.at(format);
  check(data);
  return renderer(data);
}

}  // namespace ablate::lab
