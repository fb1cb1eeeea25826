#include <nlohmann/json.hpp>

#include "tests/experiments/cli/support.h"
#include "transformer/config/json.h"
#include "transformer/core/error.h"

using namespace ablate;
using testing::output_of;

namespace {

std::string variants(const std::vector<std::string>& arguments) { return output_of(cli::variants_command, arguments); }

}  // namespace

TEST_CASE("variants command: all axes, or the ones asked for", "[cli]") {
  const std::string all = variants({});
  CHECK_CONTAINS(all, "### norm\n");
  CHECK_CONTAINS(all, "### feed_forward\n");
  const std::string two = variants({"norm", "model.attention.kind"});
  CHECK_CONTAINS(two, "### norm\n");
  CHECK_CONTAINS(two, "`rms_norm`");
  CHECK_CONTAINS(two, "### attention\n");
  CHECK_FALSE(testing::contains(two, "### feed_forward"));
}

TEST_CASE("variants command: JSON for programs", "[cli]") {
  const Json json = Json::parse(variants({"norm", "--format", "json"}));
  REQUIRE(json["axes"].size() == 1);
  CHECK(json["axes"][0]["name"] == "norm");
  CHECK(json["axes"][0]["variants"][1]["name"] == "rms_norm");
  CHECK(json["axes"][0]["variants"][1]["options"] == Json::array({"eps", "gain_offset"}));
}

TEST_CASE("variants command: mistakes come with a suggestion", "[cli]") {
  CHECK_THROWS_MENTION(variants({"nrom"}), "did you mean 'norm'");
  CHECK_THROWS_AS(variants({"nrom"}), UserError);
  CHECK_THROWS_MENTION(variants({"--format", "jsn"}), "did you mean 'json'");
}
