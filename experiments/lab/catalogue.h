#pragma once
// Every choice that the program offers, as one list: what `ablate variants` prints and the README shows. The
// list is gathered from the walk over the configuration that also reads experiment files, so no axis can be
// forgotten.
#include "transformer/config/fields.h"

#include <string>
#include <vector>

namespace ablate::lab {

/// One value of an axis.
struct CatalogueRow {
  std::string name;                  ///< as it is written in an experiment file
  std::string doc;                   ///< the formula, or what it does
  std::string paper;                 ///< author and year; "" for folklore
  std::vector<std::string> options;  ///< settings beside it that act on some values of the axis only, this one included
};

struct Axis {
  std::string name;                ///< "feed_forward", "embedding_tying"
  std::string doc;                 ///< what is chosen
  std::vector<std::string> paths;  ///< where in an experiment file: "model.norm.kind", "model.encoder.norm.kind", …
  std::vector<CatalogueRow> rows;
};

/// In the order of an experiment file; what only the command line chooses comes last.
std::vector<Axis> catalogue();

/// The axis with this name (spaces, hyphens and capitals do not matter) or with this path; UserError with a
/// suggestion if there is none.
const Axis& find_axis(const std::vector<Axis>& axes, const std::string& name);

/// A heading, where it stands and a table for each axis, in GitHub's Markdown.
std::string catalogue_markdown(const std::vector<Axis>& axes);

Json catalogue_json(const std::vector<Axis>& axes);

}  // namespace ablate::lab
