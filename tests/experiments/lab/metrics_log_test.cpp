#include "experiments/lab/metrics_log.h"

#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/data/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using data::testing::read_text;
using testing::TemporaryFolder;

TEST_CASE("metrics log: one line of JSON each, there as soon as written", "[lab]") {
  const TemporaryFolder folder;
  lab::MetricsLog log(folder / "m.jsonl", 0);
  log.write({{"step", 1}, {"loss", 2.5}});
  CHECK(read_text(folder / "m.jsonl") == "{\"step\":1,\"loss\":2.5}\n");
  log.write({{"step", 2}, {"loss", nullptr}});
  CHECK(read_text(folder / "m.jsonl") == "{\"step\":1,\"loss\":2.5}\n{\"step\":2,\"loss\":null}\n");
}

TEST_CASE("metrics log: a run that goes on cuts off what will be written again", "[lab]") {
  const TemporaryFolder folder;
  const std::string kept = "{\"step\":1}\n{\"step\":2}\n{\"step\":2,\"dev_nll\":3}\n";
  const auto after = [&](const std::string& more, std::int64_t step) {
    folder.write("m.jsonl", kept + more);
    lab::MetricsLog(folder / "m.jsonl", step).write({{"step", 3}});
    return read_text(folder / "m.jsonl");
  };
  const std::string wanted = kept + "{\"step\":3}\n";
  CHECK(after("", 2) == wanted);
  CHECK(after("{\"step\":3}\n{\"step\":4}\n", 2) == wanted);
  CHECK(after("{\"step\":3}\n{\"st", 2) == wanted);
  CHECK(after("{\"step\":2}", 2) == wanted);
  CHECK(after(std::string(9, '\0'), 2) == wanted);
  CHECK(after("", 0) == "{\"step\":3}\n");
}

TEST_CASE("metrics log: a place where nothing can be written", "[lab]") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(lab::MetricsLog(folder / "none/m.jsonl", 0), RunError);
}
