#include "experiments/lab/run_event.h"

#include "transformer/config/json.h"

#include <nlohmann/json.hpp>

#include <limits>

namespace ablate::lab {
namespace {

constexpr std::string_view event_names[] = {"message", "step", "logged", "evaluated", "decoding"};

/// JSON has no number that is not finite: it is written as null.
double number_of(const Json& json, const char* key) {
  const Json& value = json.at(key);
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

}  // namespace

std::string to_line(const RunEvent& event) {
  const Json json = {{"event", event_names[static_cast<std::size_t>(event.kind)]},
                     {"text", event.text},
                     {"step", event.step},
                     {"epoch", event.epoch},
                     {"loss", event.loss},
                     {"learning_rate", event.learning_rate},
                     {"tokens_per_second", event.tokens_per_second},
                     {"seconds", event.seconds},
                     {"progress", event.progress},
                     {"best", event.best},
                     {"done", event.done},
                     {"all", event.all}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<RunEvent> from_line(std::string_view line) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  try {
    RunEvent event;
    const std::string name = json.at("event").get<std::string>();
    std::size_t kind = 0;
    while (kind < std::size(event_names) && event_names[kind] != name) ++kind;
    if (kind == std::size(event_names)) return std::nullopt;
    event.kind = static_cast<RunEvent::Kind>(kind);
    event.text = json.at("text").get<std::string>();
    event.step = json.at("step").get<std::int64_t>();
    event.epoch = json.at("epoch").get<std::int64_t>();
    event.loss = number_of(json, "loss");
    event.learning_rate = number_of(json, "learning_rate");
    event.tokens_per_second = number_of(json, "tokens_per_second");
    event.seconds = number_of(json, "seconds");
    event.progress = number_of(json, "progress");
    event.best = json.at("best").get<bool>();
    event.done = json.at("done").get<std::int64_t>();
    event.all = json.at("all").get<std::int64_t>();
    return event;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace ablate::lab
