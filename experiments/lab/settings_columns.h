#pragma once
// Settings as columns of a table of results, as in Vaswani et al. 2017, table 3: the baseline shows every value, the
// other rows only what they change.
#include "experiments/lab/table.h"
#include "transformer/config/json.h"
#include "transformer/config/reader.h"

#include <string>
#include <vector>

namespace ablate::lab {

struct SettingColumn {
  std::string path;     ///< dotted path in a row's resolved configuration, such as model.feed_forward.d_ff
  std::string heading;  ///< nothing given: the last name of the path
  void describe(config::Fields& f);
};

/// What stands at a dotted path of a resolved configuration, or null. `found`, if given, gets the part of the path that
/// leads somewhere.
const Json* setting_at(const Json& configuration, const std::string& path, std::string* found = nullptr);

/// Reads a list of {"path", "heading"}; `where` names it in the problems: "base.json: table.settings".
std::vector<SettingColumn> read_setting_columns(const Json& list, const std::string& where, config::Problems& problems);

/// What is wrong with the paths, a sentence each: one that no row has, one that leads to a section and not to a
/// setting, one that stands there twice.
std::vector<std::string> setting_mistakes(const std::vector<SettingColumn>& wanted,
                                          const std::vector<Json>& configurations);

/// "8", "0.1", "2e-9", "true", "rms_norm"; a list's values joined by ", "; "" for null.
std::string setting_text(const Json& value);

/// Puts a column of text for each setting, with the key "setting:PATH", in front of the table's others.
/// `configurations`: resolved, one per row of the table; where stacks differ, a path into one of them takes them
/// written with Extent::expanded. A setting that a row does not have, or that is null, is a missing figure. Without a
/// baseline every row shows every value. UserError with the first of setting_mistakes().
void add_settings_columns(Table& table, const std::vector<SettingColumn>& wanted,
                          const std::vector<Json>& configurations);

}  // namespace ablate::lab
