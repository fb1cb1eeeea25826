#include "experiments/lab/terminal_plot.h"

#include "experiments/lab/render/unicode.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string_view>

namespace ablate::lab {
namespace {

constexpr std::array<std::string_view, 8> marks = {"•", "+", "×", "o", "▪", "△", "◇", "*"};
constexpr std::array<std::string_view, 5> shades = {"  ", "░░", "▒▒", "▓▓", "██"};

struct Bounds {
  double least = std::numeric_limits<double>::infinity();
  double most = -std::numeric_limits<double>::infinity();
  void include(double value) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
  /// Place of a value on an axis of so many cells.
  std::size_t cell(double value, std::size_t cells) const {
    if (most <= least) return 0;
    const double share = (value - least) / (most - least);
    return std::min(cells - 1, static_cast<std::size_t>(std::lround(share * static_cast<double>(cells - 1))));
  }
};

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string padded_left(const std::string& text, std::size_t width) {
  const std::size_t taken = display_width(text);
  return (taken < width ? std::string(width - taken, ' ') : "") + text;
}

/// a, b, …, z, then A … Z, then numbers would be too wide: they begin again.
std::string column_letter(std::size_t i) {
  const std::size_t letter = i % 52;
  return std::string(1, static_cast<char>(letter < 26 ? 'a' + letter : 'A' + (letter - 26)));
}

}  // namespace

std::string plot_curves(const std::vector<PlottedCurve>& curves, std::size_t width, std::size_t height) {
  Bounds x, y;
  for (const PlottedCurve& curve : curves) {
    for (std::size_t i = 0; i < curve.x.size(); ++i) {
      if (!std::isfinite(curve.x[i]) || !std::isfinite(curve.y[i])) continue;
      x.include(curve.x[i]);
      y.include(curve.y[i]);
    }
  }
  if (x.most < x.least) return "";
  std::vector<std::vector<std::string>> cells(height, std::vector<std::string>(width, " "));
  for (std::size_t c = 0; c < curves.size(); ++c) {
    for (std::size_t i = 0; i < curves[c].x.size(); ++i) {
      if (!std::isfinite(curves[c].x[i]) || !std::isfinite(curves[c].y[i])) continue;
      const std::size_t line = height - 1 - y.cell(curves[c].y[i], height);
      cells[line][x.cell(curves[c].x[i], width)] = marks[c % marks.size()];
    }
  }
  const std::string top = short_number(y.most), bottom = short_number(y.least);
  const std::size_t margin = std::max(top.size(), bottom.size());
  std::string text;
  for (std::size_t line = 0; line < height; ++line) {
    text += padded_left(line == 0 ? top : line + 1 == height ? bottom : "", margin) + " ┤";
    std::string cells_text;
    for (const std::string& cell : cells[line]) cells_text += cell;
    cells_text.resize(cells_text.find_last_not_of(' ') + 1);
    text += cells_text + "\n";
  }
  const std::string first = short_number(x.least), last = short_number(x.most);
  text += std::string(margin, ' ') + " └";
  for (std::size_t i = 0; i < width; ++i) text += "─";
  text += "\n" + std::string(margin + 2, ' ') + first + padded_left(last, width - std::min(width, first.size())) + "\n";
  for (std::size_t c = 0; c < curves.size(); ++c) {
    text += std::string(margin + 2, ' ') + std::string(marks[c % marks.size()]) + " " + curves[c].name + "\n";
  }
  return text;
}

std::string plot_weights(const std::vector<std::vector<double>>& weights, const std::vector<std::string>& rows,
                         const std::vector<std::string>& columns) {
  std::size_t margin = 0;
  for (const std::string& row : rows) margin = std::max(margin, display_width(row));
  std::string text(margin + 1, ' ');
  for (std::size_t i = 0; i < columns.size(); ++i) text += column_letter(i) + " ";
  text += "\n";
  for (std::size_t r = 0; r < rows.size(); ++r) {
    text += padded_left(rows[r], margin) + " ";
    for (const double weight : weights[r]) {
      const auto shade = static_cast<std::size_t>(std::lround(4 * std::clamp(weight, 0.0, 1.0)));
      text += shades[shade];
    }
    text += "\n";
  }
  text += std::string(margin + 1, ' ');
  for (std::size_t i = 0; i < columns.size(); ++i) text += (i == 0 ? "" : "  ") + column_letter(i) + " " + columns[i];
  return text + "\n";
}

}  // namespace ablate::lab
