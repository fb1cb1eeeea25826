#pragma once
// The JSON type of the project: it keeps the order in which keys were written, so that rows, grids and
// resolved configs come out as the researcher wrote them. Only names: json.hpp costs two seconds a unit.
#include <nlohmann/json_fwd.hpp>

namespace ablate {
using Json = nlohmann::ordered_json;
}  // namespace ablate
