#pragma once
// A JSON Schema of experiment files: completion, documentation and first checks in an editor. What it lets
// pass may still be refused: laws between several keys are the reader's (`ablate describe`).
#include "transformer/config/json.h"

namespace ablate::lab {

/// Draft 2020-12. Everything is optional: a file may extend another one.
Json experiment_schema();

}  // namespace ablate::lab
