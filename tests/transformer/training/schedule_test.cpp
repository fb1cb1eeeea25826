// Learning-rate schedules against the formulas of their papers, written out by hand.
#include "transformer/training/schedule.h"

#include <cmath>
#include <numbers>

#include "tests/catch.h"

using namespace ablate;

namespace {

constexpr ScheduleContext context{.d_model = 512, .total_steps = 100};

ScheduleConfig schedule(const char* kind, std::int64_t warmup) {
  ScheduleConfig config;
  config.kind = kind;
  config.learning_rate = 0.5;
  config.warmup = warmup;
  return config;
}

double rate(const ScheduleConfig& config, std::int64_t step) { return learning_rate(config, context, step); }

}  // namespace

TEST_CASE("noam is equation (3) of the paper", "[training][schedule]") {
  ScheduleConfig config = schedule("noam", 4000);
  for (const std::int64_t step : {1, 2, 1000, 3999, 4000, 4001, 100'000}) {
    const auto s = static_cast<double>(step);
    const double expected = std::pow(512, -0.5) * std::min(std::pow(s, -0.5), s * std::pow(4000, -1.5));
    CHECK(rate(config, step) == Approx(expected).epsilon(1e-12));
  }
  CHECK(rate(config, 4000) == Approx(6.987712429686843e-4).epsilon(1e-12));
  CHECK(rate(config, 3999) < rate(config, 4000));
  CHECK(rate(config, 4001) < rate(config, 4000));
  const double before = rate(config, 17);
  config.factor = 2;
  CHECK(rate(config, 17) == Approx(2 * before).epsilon(1e-12));
}

TEST_CASE("noam without warm-up falls from the first update on", "[training][schedule]") {
  const ScheduleConfig config = schedule("noam", 0);
  CHECK(rate(config, 1) == Approx(1 / std::sqrt(512.0)).epsilon(1e-12));
  CHECK(rate(config, 4) == Approx(0.5 / std::sqrt(512.0)).epsilon(1e-12));
}

TEST_CASE("inverse_sqrt falls with the root of the update", "[training][schedule]") {
  ScheduleConfig config = schedule("inverse_sqrt", 25);
  CHECK(rate(config, 25) == Approx(0.5).epsilon(1e-12));
  CHECK(rate(config, 100) == Approx(0.25).epsilon(1e-12));
  CHECK(rate(config, 2500) == Approx(0.05).epsilon(1e-12));
  config.warmup = 0;
  CHECK(rate(config, 1) == Approx(0.5).epsilon(1e-12));
  CHECK(rate(config, 16) == Approx(0.125).epsilon(1e-12));
}

TEST_CASE("cosine goes down half a wave to the end of training", "[training][schedule]") {
  ScheduleConfig config = schedule("cosine", 20);
  config.final_learning_rate = 0.1;
  CHECK(rate(config, 20) == Approx(0.5).epsilon(1e-12));
  CHECK(rate(config, 60) == Approx(0.3).epsilon(1e-12));
  CHECK(rate(config, 40) == Approx(0.1 + 0.4 * 0.5 * (1 + std::numbers::sqrt2 / 2)).epsilon(1e-12));
  CHECK(rate(config, 100) == Approx(0.1).epsilon(1e-12));
  CHECK(rate(config, 1000) == Approx(0.1).epsilon(1e-12));
}

TEST_CASE("linear goes down a line to the end of training", "[training][schedule]") {
  ScheduleConfig config = schedule("linear", 20);
  CHECK(rate(config, 20) == Approx(0.5).epsilon(1e-12));
  CHECK(rate(config, 40) == Approx(0.375).epsilon(1e-12));
  CHECK(rate(config, 60) == Approx(0.25).epsilon(1e-12));
  CHECK(rate(config, 100) == Approx(0).margin(1e-15));
  config.final_learning_rate = 0.3;
  CHECK(rate(config, 60) == Approx(0.4).epsilon(1e-12));
  CHECK(rate(config, 101) == Approx(0.3).epsilon(1e-12));
}

TEST_CASE("decay_steps moves the end of a decay", "[training][schedule]") {
  for (const char* kind : {"cosine", "linear"}) {
    INFO(kind);
    ScheduleConfig config = schedule(kind, 20);
    config.decay_steps = 60;
    CHECK(rate(config, 40) == Approx(0.25).epsilon(1e-12));
    CHECK(rate(config, 60) == Approx(0).margin(1e-15));
    CHECK(rate(config, 90) == Approx(0).margin(1e-15));
  }
}

TEST_CASE("constant stays where warm-up has brought it", "[training][schedule]") {
  const ScheduleConfig config = schedule("constant", 10);
  CHECK(rate(config, 10) == 0.5);
  CHECK(rate(config, 100'000) == 0.5);
  CHECK(rate(schedule("constant", 0), 1) == 0.5);
}

TEST_CASE("warm-up is a line from the initial rate to the peak", "[training][schedule]") {
  for (const char* kind : {"inverse_sqrt", "cosine", "linear", "constant"}) {
    INFO(kind);
    ScheduleConfig config = schedule(kind, 10);
    CHECK(rate(config, 1) == Approx(0.05).epsilon(1e-12));
    CHECK(rate(config, 5) == Approx(0.25).epsilon(1e-12));
    config.initial_learning_rate = 0.1;
    CHECK(rate(config, 1) == Approx(0.14).epsilon(1e-12));
    CHECK(rate(config, 9) == Approx(0.46).epsilon(1e-12));
    CHECK(rate(config, 10) == Approx(0.5).epsilon(1e-12));
  }
}

TEST_CASE("no schedule jumps, and none goes below zero", "[training][schedule]") {
  for (const auto& row : schedule_table().rows()) {
    INFO(row.info.name);
    ScheduleConfig config = schedule("", 1000);
    config.kind = row.info.name;
    const ScheduleContext long_run{.d_model = 4, .total_steps = 3000};
    double before = learning_rate(config, long_run, 1);
    double peak = before;
    for (std::int64_t step = 2; step <= 3100; ++step) {
      const double now = learning_rate(config, long_run, step);
      REQUIRE(now >= 0);
      REQUIRE(std::abs(now - before) < 0.001);
      peak = std::max(peak, now);
      before = now;
    }
    CHECK(peak == Approx(learning_rate(config, long_run, 1000)).epsilon(1e-12));
  }
}

TEST_CASE("only schedules with an end need to know it", "[training][schedule]") {
  for (const auto& row : schedule_table().rows()) {
    INFO(row.info.name);
    ScheduleConfig config = schedule("", 10);
    config.kind = row.info.name;
    const bool ends = config.kind == "cosine" || config.kind == "linear";
    CHECK(needs_total_steps(config) == ends);
    config.decay_steps = 50;
    CHECK_FALSE(needs_total_steps(config));
  }
}

TEST_CASE("an unknown schedule is an error with a suggestion", "[training][schedule]") {
  CHECK_THROWS_MENTION(rate(schedule("cosin", 10), 1), "cosine");
}
