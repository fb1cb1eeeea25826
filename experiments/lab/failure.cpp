#include "experiments/lab/failure.h"

#include "transformer/config/json.h"
#include "transformer/core/atomic_file.h"

#include <nlohmann/json.hpp>

#include <ctime>
#include <fstream>

namespace ablate::lab {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kind_names[] = {"out_of_memory", "killed", "error"};

fs::path failure_file(const fs::path& folder) { return folder / "failure.json"; }

std::string time_of_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace

std::string_view name_of(FailureKind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

std::optional<Failure> read_failure(const fs::path& folder) {
  std::ifstream in(failure_file(folder));
  if (!in) return std::nullopt;
  const Json json = Json::parse(in, nullptr, /*allow_exceptions=*/false);
  Failure failure;
  try {
    failure.message = json.at("message").get<std::string>();
    failure.attempts = json.at("attempts").get<std::int64_t>();
    failure.time = json.at("time").get<std::string>();
    for (const FailureKind kind : {FailureKind::out_of_memory, FailureKind::killed}) {
      if (json.at("kind") == name_of(kind)) failure.kind = kind;
    }
  } catch (const Json::exception&) {
    failure.message = "failure.json cannot be read";
  }
  return failure;
}

void write_failure(const fs::path& folder, Failure failure) {
  const std::optional<Failure> before = read_failure(folder);
  const Json json = {{"message", failure.message},
                     {"kind", name_of(failure.kind)},
                     {"attempts", before ? before->attempts + 1 : failure.attempts},
                     {"time", time_of_now()}};
  // What a system says may be in any encoding.
  write_file_atomically(failure_file(folder),
                        json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void clear_failure(const fs::path& folder) {
  std::error_code ignored;
  fs::remove(failure_file(folder), ignored);
}

}  // namespace ablate::lab
