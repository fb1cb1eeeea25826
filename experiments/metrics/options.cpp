#include "experiments/metrics/options.h"

#include <charconv>
#include <stdexcept>
#include <system_error>

namespace ablate::metrics {

namespace {

template <typename Number>
bool parse(const std::string& text, Number& number) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end;
}

}  // namespace

void refuse_option(std::string_view option, std::string_view value, const std::string& allowed) {
  throw std::invalid_argument("option '" + std::string(option) + "' is '" + std::string(value) + "'; it must be " +
                              allowed);
}

void read_option(const MetricOptions& options, std::string_view option, bool& target) {
  const auto found = options.find(option);
  if (found == options.end()) return;
  if (found->second != "true" && found->second != "false") refuse_option(option, found->second, "true or false");
  target = found->second == "true";
}

void read_option(const MetricOptions& options, std::string_view option, int& target) {
  const auto found = options.find(option);
  if (found != options.end() && !parse(found->second, target)) {
    refuse_option(option, found->second, "a whole number");
  }
}

void read_option(const MetricOptions& options, std::string_view option, std::optional<double>& target) {
  const auto found = options.find(option);
  if (found != options.end() && !parse(found->second, target.emplace())) {
    refuse_option(option, found->second, "a number");
  }
}

}  // namespace ablate::metrics
