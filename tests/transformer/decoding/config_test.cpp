#include "transformer/decoding/config.h"

#include <cmath>

#include "transformer/config/document.h"
#include "transformer/config/reader.h"

#include "tests/catch.h"

using namespace ablate;

namespace {

DecodingConfig read(const char* text) {
  config::Document document;
  document.add({config::parse_json(text, "test.json"), "test.json"});
  config::Problems problems;
  config::Reader reader(document, problems);
  DecodingConfig decoding;
  reader.read(decoding);
  problems.throw_if_any();
  return decoding;
}

}  // namespace

TEST_CASE("a decoding section is read", "[decoding][config]") {
  const DecodingConfig beam = read(R"({"beam": 5, "length_penalty_kind": "gnmt", "length_penalty": 0.6, "n_best": 5})");
  CHECK(beam.kind == "beam");
  CHECK(beam.beam == 5);
  CHECK(beam.length_penalty_kind == "gnmt");
  CHECK(beam.length_penalty == 0.6);
  CHECK(beam.n_best == 5);
  const DecodingConfig sampling = read(R"({"kind": "sampling", "temperature": 0.7, "top_k": 10, "top_p": 0.9})");
  CHECK(sampling.temperature == 0.7);
  CHECK(sampling.top_k == 10);
  CHECK(sampling.top_p == 0.9);
  CHECK(read(R"({"kind": "greedy", "max_length_factor": 2, "min_length": 3})").min_length == 3);
}

TEST_CASE("a decoding section that makes no sense is refused with its path", "[decoding][config]") {
  CHECK_THROWS_MENTION(read(R"({"beam": 4, "n_best": 5})"), "n_best");
  CHECK_THROWS_MENTION(read(R"({"kind": "greedy", "beam": 4})"), "has no effect with kind 'greedy'");
  CHECK_THROWS_MENTION(read(R"({"kind": "sampling", "length_penalty": 1})"), "has no effect with kind 'sampling'");
  CHECK_THROWS_MENTION(read(R"({"kind": "beam", "top_p": 0.9})"), "has no effect with kind 'beam'");
  CHECK_THROWS_MENTION(read(R"({"kind": "beem"})"), "beam");
  CHECK_THROWS_MENTION(read(R"({"length_penalty_kind": "gmnt"})"), "gnmt");
  CHECK_THROWS_MENTION(read(R"({"length_penalty": 0, "length_penalty_kind": "gnmt"})"),
                       "length_penalty_kind: has no effect with length_penalty 0");
  CHECK_THROWS_MENTION(read(R"({"kind": "sampling", "temperature": 0})"), "temperature");
  CHECK_THROWS_MENTION(read(R"({"kind": "sampling", "top_p": 0})"), "top_p");
  CHECK_THROWS_MENTION(read(R"({"beam": 0})"), "beam");
  CHECK_THROWS_MENTION(read(R"({"max_length_factor": 0, "max_length_constant": 0})"), "max_length_constant");
}

TEST_CASE("the longest target follows the source and never passes the model", "[decoding][config]") {
  DecodingConfig config;
  config.max_length_factor = 1.5;
  config.max_length_constant = 10;
  CHECK(config.longest_target(7, 100) == 20);
  CHECK(config.longest_target(7, 15) == 15);
  config.max_length_factor = 0.1;
  config.max_length_constant = 0;
  CHECK(config.longest_target(3, 100) == 1);
}

TEST_CASE("length penalties are the published formulas", "[decoding][config]") {
  const LengthPenalty mean = length_penalty_table().at("mean");
  const LengthPenalty gnmt = length_penalty_table().at("gnmt");
  CHECK(mean(7, 1) == 7);
  CHECK(mean(9, 0.5) == Approx(3));
  CHECK(gnmt(7, 1) == 2);
  CHECK(gnmt(19, 0.5) == Approx(2));
  CHECK(gnmt(1, 0.6) == 1);
  CHECK(mean(5, 0) == 1);
  CHECK(gnmt(5, 0) == 1);
}
