#include "experiments/lab/dashboard.h"

#include <cmath>
#include <limits>
#include <sstream>

#include "experiments/lab/render/unicode.h"
#include "tests/catch.h"

using namespace ablate::lab;

namespace {

RunView training(const std::string& name, double progress, double seconds) {
  return {.name = name,
          .last = {.kind = RunEvent::Kind::step,
                   .step = 420,
                   .epoch = 2,
                   .loss = 3.14159,
                   .learning_rate = 1e-3,
                   .tokens_per_second = 5100,
                   .seconds = seconds,
                   .progress = progress},
          .has_begun = true};
}

bool has_part(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("dashboard: durations", "[lab]") {
  CHECK(format_duration(0) == "0:00");
  CHECK(format_duration(75) == "1:15");
  CHECK(format_duration(3700) == "1:01:40");
}

TEST_CASE("dashboard: text is cut to columns, not to bytes", "[lab]") {
  CHECK(cut_to_width("swiglu", 6) == "swiglu");
  CHECK(cut_to_width("swiglu", 5) == "swig…");
  CHECK(cut_to_width("größer", 6) == "größer");
  CHECK(cut_to_width("größer", 4) == "grö…");
  CHECK(cut_to_width("注意力", 6) == "注意力");
  CHECK(cut_to_width("注意力", 5) == "注意…");
  CHECK(cut_to_width("注意力", 4) == "注…");
  CHECK(cut_to_width("two\nlines", 20) == "two lines");
  CHECK(cut_to_width("swiglu", 0).empty());
}

TEST_CASE("dashboard: the line of a run says how far it is, within the terminal", "[lab]") {
  const RunView run = training("[2/4] swiglu, seed 1", 0.42, 42);
  CHECK(run_line(run, 24, 120) ==
        "[2/4] swiglu, seed 1      [====>     ]  42 %  step 420  loss 3.1416  5100 tokens/s  left 0:58");
  for (const std::size_t columns : {19, 40, 60, 80}) {
    CHECK(display_width(run_line(run, 24, columns)) == columns);
    CHECK(display_width(run_line(training("größer 注意力 größer 注意力", 0.5, 1), 0, columns)) <= columns);
  }
  CHECK(run_line({.name = "a", .last = {}}, 0, 80) == "a  starts");
  RunView unknown = training("a", 0, 42);
  CHECK(run_line(unknown, 0, 80) == "a  step 420  loss 3.1416  5100 tokens/s");
  unknown.last = {.kind = RunEvent::Kind::decoding, .text = "test", .done = 5, .all = 20};
  CHECK(run_line(unknown, 0, 80) == "a  [==>       ]  decoding test: 5 of 20");
}

TEST_CASE("dashboard: the line of the whole", "[lab]") {
  CHECK(summary_line({.all = 24, .finished = 5}, {}, 80) == "5 of 24 runs finished");
  CHECK(summary_line({.all = 24, .finished = 5, .failed = 1, .running = 2}, 3700, 80) ==
        "5 of 24 runs finished, 1 failed, 2 running, about 1:01:40 left");
  CHECK(summary_line({.all = 24, .finished = 5, .failed = 1, .running = 2}, 3700, 10) == "5 of 24 r…");
}

TEST_CASE("dashboard: the time that is left", "[lab]") {
  const auto left = [](const Tally& tally, const std::vector<RunView>& running, const std::vector<double>& finished,
                       std::size_t jobs) {
    return estimated_seconds_left(tally, running, finished, jobs).value_or(-1);
  };
  const RunView begun{.name = "a", .last = {}};
  CHECK(left({.all = 4, .running = 1}, {begun}, {}, 1) == -1);
  // 30 s of this one, and three of 40 s.
  CHECK(left({.all = 4, .running = 1}, {training("a", 0.25, 10)}, {}, 1) == Approx(150));
  CHECK(left({.all = 4, .running = 1}, {training("a", 0.25, 10)}, {}, 2) == Approx(75));
  // The others finish beside it.
  CHECK(left({.all = 2, .running = 2}, {training("a", 0.25, 10), training("b", 0.5, 10)}, {}, 2) == Approx(30));
  CHECK(left({.all = 3, .finished = 2, .running = 1}, {begun}, {50, 70}, 1) == Approx(60));
  CHECK(left({.all = 3, .finished = 1, .failed = 1, .running = 1}, {training("a", 1, 70)}, {50}, 1) == Approx(0));
  CHECK(left({.all = 2, .finished = 2}, {}, {50, 70}, 1) == -1);
}

TEST_CASE("dashboard: plain lines where there is no terminal", "[lab]") {
  std::ostringstream out;
  Dashboard dashboard(out, [] { return std::nullopt; });
  dashboard.begin(2, 0, {}, 1);
  dashboard.message("2 runs: 2 to train");
  dashboard.start(0, "[1/2] a, seed 1");
  RunEvent event = training("", 0.5, 10).last;
  dashboard.show(0, event);  // a step alone is no line
  event.kind = RunEvent::Kind::logged;
  dashboard.show(0, event);
  dashboard.show(0,
                 {.kind = RunEvent::Kind::evaluated, .text = "dev nll 1.0000", .step = 420, .epoch = 2, .best = true});
  dashboard.show(0, {.kind = RunEvent::Kind::message, .text = "warning: something"});
  dashboard.show(7, event);  // of a run that was never begun
  dashboard.end(0, RunEnd::failed);
  CHECK(out.str() ==
        "2 runs: 2 to train\n"
        "[1/2] a, seed 1  step 420  epoch 2  loss 3.1416  lr 0.001  5100 tokens/s  left 0:10\n"
        "[1/2] a, seed 1  step 420  epoch 2  dev nll 1.0000  (best)\n"
        "[1/2] a, seed 1: warning: something\n"
        "0 of 2 runs finished, 1 failed\n");
}

TEST_CASE("dashboard: a terminal shows a line for each run, and takes them away", "[lab]") {
  std::ostringstream out;
  {
    Dashboard dashboard(out, [] { return TerminalSize{40, 24}; });
    dashboard.begin(2, 0, {}, 2);
    dashboard.start(0, "a");
    dashboard.start(1, "b");
    out.str("");
    dashboard.show(1, training("", 0.5, 10).last);
    // Three lines are there already: up to the first one, and all of it away.
    CHECK(out.str().starts_with("\r\x1b[2A\x1b[Ja  starts\nb  [=====>    ]"));
    CHECK(has_part(out.str(), "\n0 of 2 runs finished, 2 running, about"));
    out.str("");
    dashboard.message("news");
    CHECK(out.str().starts_with("\r\x1b[2A\x1b[Jnews\na  starts\n"));
    out.str("");
  }
  CHECK(out.str() == "\r\x1b[2A\x1b[J");
}

TEST_CASE("dashboard: more runs than the terminal has rows", "[lab]") {
  std::ostringstream out;
  Dashboard dashboard(out, [] { return TerminalSize{40, 6}; });
  dashboard.begin(9, 0, {}, 9);
  for (std::size_t i = 0; i < 9; ++i) {
    out.str("");
    dashboard.start(i, "run " + std::to_string(i));
  }
  const std::string drawn = out.str();
  CHECK(std::count(drawn.begin(), drawn.end(), '\n') == 4);
  CHECK(has_part(drawn, "9 running"));
}

TEST_CASE("run event: a line there and back", "[lab]") {
  RunEvent event = training("", 0.5, 10).last;
  event.text = "größer \"x\"\nsecond line";
  event.best = true;
  event.done = 3;
  event.all = 4;
  for (const auto kind : {RunEvent::Kind::message, RunEvent::Kind::step, RunEvent::Kind::logged,
                          RunEvent::Kind::evaluated, RunEvent::Kind::decoding}) {
    event.kind = kind;
    const std::string line = to_line(event);
    CHECK(line.find('\n') == std::string::npos);
    CHECK(from_line(line) == event);
  }
  event.loss = std::numeric_limits<double>::infinity();
  CHECK(std::isnan(from_line(to_line(event))->loss));
  event.text = "no UTF-8: \xff";
  CHECK(from_line(to_line(event)).has_value());
  for (const char* line : {"", "text", "{", "3", "{}", R"({"event": "other"})", R"({"event": "step"})"}) {
    INFO(line);
    CHECK_FALSE(from_line(line).has_value());
  }
}
