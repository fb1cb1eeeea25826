#pragma once
// Why a run failed: failure.json in its folder, until a later attempt goes well.
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace ablate::lab {

enum class FailureKind { out_of_memory, killed, error };

struct Failure {
  std::string message;
  FailureKind kind = FailureKind::error;
  std::int64_t attempts = 1;  ///< how many failed one after the other
  std::string time{};         ///< of the last one: 2017-06-12T17:57:34Z
};

std::string_view name_of(FailureKind kind);

/// Nothing if the last attempt in that folder did not fail. A file that says nothing is a failure all the same.
std::optional<Failure> read_failure(const std::filesystem::path& folder);

/// Writes it with the time of now and one attempt more than is known there.
void write_failure(const std::filesystem::path& folder, Failure failure);

void clear_failure(const std::filesystem::path& folder);

}  // namespace ablate::lab
