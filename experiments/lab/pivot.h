#pragma once
// A grid of settings as a table: one axis runs across, the others down, and each cell is the same figure at another
// point. So papers show how far training is stable (Xiong et al. 2020: place of the norm, warm-up, learning rate).
#include "experiments/lab/table.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ablate::lab {

/// Where a row of the table stands in the grid.
struct GridPoint {
  std::vector<std::string> row_parts;  ///< values of the axes that run down
  std::string column;                  ///< value of the axis that runs across
  std::size_t row = 0;                 ///< as an index into Table::rows
};

/// What the axes are called.
struct PivotHeadings {
  std::vector<std::string> rows;  ///< in the order of GridPoint::row_parts
  std::string across;
};

/// The cells of one column of `table` at their points; points that nothing stands at are missing. Rows and columns come
/// in the order in which the points first name them; a row keeps its group if all its points have it. The title tells
/// the figure; what is best is so in its column. Comparisons are not carried over: their marks say nothing between
/// points. UserError if two rows stand at one point.
Table pivot(const Table& table, std::size_t column, std::span<const GridPoint> points, const PivotHeadings& headings);

/// The cell with values worse than `beyond` as diverged: a model that does not learn is called so in such grids
/// although its loss is finite. Unchanged without a direction or a limit.
Cell mark_diverged(const Cell& cell, Direction direction, std::optional<double> beyond);

}  // namespace ablate::lab
