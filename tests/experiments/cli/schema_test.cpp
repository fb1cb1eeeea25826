#include <nlohmann/json.hpp>

#include "experiments/lab/experiment_schema.h"
#include "tests/experiments/cli/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using testing::output_of;

TEST_CASE("schema command: prints the schema as JSON", "[cli]") {
  CHECK(Json::parse(output_of(cli::schema_command, {})) == lab::experiment_schema());
  CHECK_CONTAINS(output_of(cli::schema_command, {"--help"}), "usage: ablate schema");
  CHECK_THROWS_AS(output_of(cli::schema_command, {"experiment.json"}), UserError);
}
