#pragma once
// The curves of a run for TensorBoard: a file of events in its folder, which grows with metrics.jsonl.
//
// A record is: the payload's length (uint64, little-endian), the masked CRC-32C of these 8 bytes, the payload, and the
// masked CRC-32C of the payload. A payload is one message Event of the protocol buffers of TensorFlow, of which four
// fields are written here: wall_time = 1, step = 2, file_version = 3 and summary = 5 with its tags and simple values.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ablate::lab {

/// CRC-32C (Castagnoli): polynomial 0x1EDC6F41, bits reflected, inverted before and after.
std::uint32_t crc32c(std::string_view bytes);

class EventFile {
 public:
  /// TensorBoard takes every file for events that has "tfevents" in its name.
  static constexpr const char* name = "events.out.tfevents.0.ablate";

  /// Opens the folder's one file of events for appending; it may exist. Records of later steps than `step` were written
  /// by a run that was killed after its last saved state: they are cut off, for they will be written again, and so is
  /// everything from the first record on that is not whole. A TensorBoard that is looking on and had read what is cut
  /// off shows the rest when it is started again.
  EventFile(const std::filesystem::path& folder, std::int64_t step);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  /// Writes a record with all scalars (tag, value) of a step and hands it to the system; RunError if that fails. A
  /// value is rounded to float; it need not be finite. `wall_time` is in seconds since 1970.
  void write(std::int64_t step, double wall_time, const std::vector<std::pair<std::string, double>>& scalars);

 private:
  std::filesystem::path file_;
  bool is_empty_ = true;
  std::FILE* out_ = nullptr;
};

}  // namespace ablate::lab
