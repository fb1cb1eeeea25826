#pragma once
// Curves and matrices in the letters of a terminal, for a quick look at one run.
#include <cstddef>
#include <string>
#include <vector>

namespace ablate::lab {

struct PlottedCurve {
  std::string name;
  std::vector<double> x, y;  ///< of one length; points that are not finite are left out
};

/// The curves over one another, `height` lines high, each with a mark of its own, with the ends of both axes; "" if no
/// point is finite.
std::string plot_curves(const std::vector<PlottedCurve>& curves, std::size_t width = 64, std::size_t height = 14);

/// A matrix of weights from 0 to 1 as shades: a line for each row with its name, the names of the columns above as
/// letters, and below which letter is which.
std::string plot_weights(const std::vector<std::vector<double>>& weights, const std::vector<std::string>& rows,
                         const std::vector<std::string>& columns);

}  // namespace ablate::lab
