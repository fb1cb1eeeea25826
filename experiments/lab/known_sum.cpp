#include "experiments/lab/known_sum.h"

#include "data/files/sha256.h"
#include "transformer/config/document.h"
#include "transformer/core/atomic_file.h"
#include "transformer/core/error.h"

#include <sys/stat.h>
#include <nlohmann/json.hpp>

#include <ctime>
#include <optional>

namespace ablate::lab {
namespace fs = std::filesystem;
namespace {

/// Seconds. Clocks of file systems tick every few milliseconds, or every second; FAT's every other one.
constexpr std::time_t coarsest_tick = 2;

/// What tells a file from the one that lay there before, or from what it was itself.
struct FileStamp {
  std::string text;
  std::time_t modified;
};

std::optional<FileStamp> stamp_of(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  const auto time_text = [](const timespec& time) {
    return std::to_string(time.tv_sec) + "s+" + std::to_string(time.tv_nsec) + "ns";
  };
  return FileStamp{"inode " + std::to_string(status.st_ino) + ", " + std::to_string(status.st_size) + " bytes, mtime " +
                       time_text(status.st_mtim) + ", ctime " + time_text(status.st_ctim),
                   status.st_mtim.tv_sec};
}

/// What was noted of the file with that stamp; "" if nothing was.
std::string noted_sum(const fs::path& note, const FileStamp& stamp) {
  std::error_code ignored;
  if (!fs::exists(note, ignored)) return "";
  try {
    const Json noted = config::read_json_file(note);
    if (noted.at("stamp").get<std::string>() == stamp.text) return noted.at("sha256").get<std::string>();
  } catch (const std::exception&) {
    // A note that is damaged, or of another version, says nothing.
  }
  return "";
}

void write_note(const fs::path& note, const fs::path& file, const FileStamp& stamp, const std::string& sum) {
  const Json noted = {{"file", file.string()}, {"stamp", stamp.text}, {"sha256", sum}};
  try {
    write_file_atomically(note, noted.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n");
  } catch (const Error&) {
    // Whoever may only read these runs waits for the sum each time.
  }
}

}  // namespace

std::string known_sum(const fs::path& file, const fs::path& notes) {
  std::error_code error;
  const fs::path place = fs::canonical(file, error);
  const std::time_t now = std::time(nullptr);
  const std::optional<FileStamp> stamp = error || notes.empty() ? std::nullopt : stamp_of(place);
  if (!stamp) return data::sha256_file(file);
  const fs::path note = notes / (data::sha256(place.string()).substr(0, 32) + ".json");
  if (std::string noted = noted_sum(note, *stamp); !noted.empty()) return noted;
  std::string sum = data::sha256_file(file);
  const std::optional<FileStamp> after = stamp_of(place);
  const bool is_settled = now - stamp->modified > coarsest_tick;
  if (is_settled && after && after->text == stamp->text) write_note(note, place, *stamp, sum);
  return sum;
}

}  // namespace ablate::lab
