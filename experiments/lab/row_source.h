#pragma once
// The entries of `rows` and the axes of `grid` as an experiment file writes them, before any is read as a
// configuration. Internal to experiment.cpp.
#include "transformer/config/document.h"
#include "transformer/config/reader.h"
#include "transformer/core/error.h"

namespace ablate::lab {

/// A row as the file writes it: `layers` go on top of the base.
struct RowSource {
  std::string name, group;
  std::string own_name;  ///< `name` without what the grid adds to it
  std::vector<config::Layer> layers;
  Json settings = Json::object();                        ///< everything that the row sets, nested
  bool is_matched = true;                                ///< `match` may change it
  bool is_tuned = true;                                  ///< `tune` may change it
  Json paper = Json::object();                           ///< published figures
  std::vector<std::pair<std::string, Json>> grid_point;  ///< path and value on every axis of the grid
};

/// Without `rows` one row that sets nothing.
std::vector<RowSource> read_rows(const Json& rows, const std::string& source, config::Problems& problems);

/// Every row at every point of the grid, the last axis turning fastest.
std::vector<RowSource> cross(std::vector<RowSource> rows, const Json& grid, const std::string& source,
                             config::Problems& problems);

bool is_blank(const std::string& text);

/// True if merging the one into the other would replace a setting.
bool overlap(const Json& settings, const Json& addition);

/// Runs `act`; its error joins the others of the file. False if there was one.
template <class Act>
bool try_or_add(config::Problems& problems, Act act) {
  try {
    act();
    return true;
  } catch (const UserError& error) {
    problems.add(error.what());
    return false;
  }
}

}  // namespace ablate::lab
