#pragma once
// What happens in a run while it is worked on, as it is shown to the user; a line of JSON on the way from the process
// that trains to the one that shows it.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ablate::lab {

struct RunEvent {
  enum class Kind { message, step, logged, evaluated, decoding };
  Kind kind = Kind::message;
  std::string text{};  ///< a message, the split that is decoded, or what an evaluation found: "dev nll 2.8120"
  std::int64_t step = 0, epoch = 0;
  double loss = 0, learning_rate = 0, tokens_per_second = 0;
  double seconds = 0;   ///< spent training
  double progress = 0;  ///< share of the budget that is used, 0 … 1; 0 if it does not tell
  bool best = false;
  std::int64_t done = 0, all = 0;  ///< sentences
  bool operator==(const RunEvent&) const = default;
};

/// One line, without its end.
std::string to_line(const RunEvent& event);
/// Nothing if the line is none of ours.
std::optional<RunEvent> from_line(std::string_view line);

}  // namespace ablate::lab
