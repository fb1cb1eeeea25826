#include "experiments/lab/event_file.h"

#include "transformer/core/error.h"

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

namespace ablate::lab {
namespace {

// Fields of the messages Event, Summary and Summary.Value.
constexpr std::uint64_t event_wall_time = 1, event_step = 2, event_file_version = 3, event_summary = 5;
constexpr std::uint64_t summary_value = 1;
constexpr std::uint64_t value_tag = 1, value_simple = 2;
// How the value of a field is written.
constexpr std::uint64_t wire_varint = 0, wire_64_bits = 1, wire_bytes = 2, wire_32_bits = 5;

constexpr std::size_t record_head = 12, record_foot = 4;

constexpr std::array<std::uint32_t, 256> crc_table = [] {
  constexpr std::uint32_t reflected_polynomial = 0x82F63B78;
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? reflected_polynomial : 0);
    table[byte] = rest;
  }
  return table;
}();

/// A checksum of bytes that hold checksums says little, so the format turns each and adds a constant.
std::uint32_t masked_crc(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xA282EAD8; }

template <class Integer>
void put_little_endian(std::string& out, Integer value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

template <class Integer>
Integer get_little_endian(std::string_view bytes) {
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) value |= Integer{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return value;
}

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  out += static_cast<char>(value);
}

/// Takes a number from the front of `bytes`; nothing if it does not end there.
std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

void put_key(std::string& out, std::uint64_t field, std::uint64_t wire) { put_varint(out, field << 3 | wire); }

void put_bytes(std::string& out, std::uint64_t field, std::string_view bytes) {
  put_key(out, field, wire_bytes);
  put_varint(out, bytes.size());
  out += bytes;
}

void put_double(std::string& out, std::uint64_t field, double value) {
  put_key(out, field, wire_64_bits);
  put_little_endian(out, std::bit_cast<std::uint64_t>(value));
}

void put_float(std::string& out, std::uint64_t field, float value) {
  put_key(out, field, wire_32_bits);
  put_little_endian(out, std::bit_cast<std::uint32_t>(value));
}

/// The step of an event: 0 for one that names none, nothing for bytes that are no message.
std::optional<std::int64_t> step_of_event(std::string_view event) {
  std::uint64_t step = 0;
  while (!event.empty()) {
    const std::optional<std::uint64_t> key = take_varint(event);
    if (!key) return std::nullopt;
    const std::uint64_t wire = *key & 7;
    std::uint64_t size = wire == wire_64_bits ? 8 : 4;
    if (wire == wire_varint || wire == wire_bytes) {
      const std::optional<std::uint64_t> number = take_varint(event);
      if (!number) return std::nullopt;
      if (*key == (event_step << 3 | wire_varint)) step = *number;
      size = wire == wire_bytes ? *number : 0;
    } else if (wire != wire_64_bits && wire != wire_32_bits) {
      return std::nullopt;
    }
    if (size > event.size()) return std::nullopt;
    event.remove_prefix(size);
  }
  return static_cast<std::int64_t>(step);
}

std::string framed(std::string_view payload) {
  std::string record;
  put_little_endian(record, std::uint64_t{payload.size()});
  put_little_endian(record, masked_crc(record));
  record += payload;
  put_little_endian(record, masked_crc(payload));
  return record;
}

/// Takes a record from a stream that has `left` bytes more, and returns its payload; nothing if it is not whole.
std::optional<std::string> next_payload(std::istream& in, std::uintmax_t left) {
  if (left < record_head + record_foot) return std::nullopt;
  std::string head(record_head, '\0');
  in.read(head.data(), record_head);
  const std::string_view length_bytes = std::string_view(head).substr(0, 8);
  const auto length = get_little_endian<std::uint64_t>(length_bytes);
  const auto length_crc = get_little_endian<std::uint32_t>(std::string_view(head).substr(8));
  if (length_crc != masked_crc(length_bytes) || length > left - record_head - record_foot) return std::nullopt;
  std::string rest(length + record_foot, '\0');
  in.read(rest.data(), static_cast<std::streamsize>(rest.size()));
  const auto payload_crc = get_little_endian<std::uint32_t>(std::string_view(rest).substr(length));
  rest.resize(length);
  return in && payload_crc == masked_crc(rest) ? std::optional(rest) : std::nullopt;
}

/// Bytes of the leading records that are whole and belong to steps up to `step`.
std::uintmax_t bytes_to_keep(const std::filesystem::path& file, std::int64_t step) {
  const std::uintmax_t all = std::filesystem::file_size(file);
  std::ifstream in(file, std::ios::binary);
  std::uintmax_t kept = 0;
  while (const std::optional<std::string> payload = next_payload(in, all - kept)) {
    const std::optional<std::int64_t> found = step_of_event(*payload);
    if (!found || *found > step) break;
    kept += record_head + payload->size() + record_foot;
  }
  return kept;
}

/// The first record of every file: it tells readers what the others are.
std::string version_record(double wall_time) {
  std::string event;
  put_double(event, event_wall_time, wall_time);
  put_bytes(event, event_file_version, "brain.Event:2");
  return framed(event);
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char byte : bytes) crc = (crc >> 8) ^ crc_table[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  return ~crc;
}

EventFile::EventFile(const std::filesystem::path& folder, std::int64_t step) : file_(folder / name) {
  if (std::filesystem::exists(file_)) {
    const std::uintmax_t kept = bytes_to_keep(file_, step);
    std::filesystem::resize_file(file_, kept);
    is_empty_ = kept == 0;
  }
  out_ = std::fopen(file_.c_str(), "ab");
  if (out_ == nullptr) throw RunError(file_.string() + ": cannot be written: " + std::strerror(errno));
}

EventFile::~EventFile() { std::fclose(out_); }

void EventFile::write(std::int64_t step, double wall_time, const std::vector<std::pair<std::string, double>>& scalars) {
  std::string summary;
  for (const auto& [tag, number] : scalars) {
    std::string value;
    put_bytes(value, value_tag, tag);
    put_float(value, value_simple, static_cast<float>(number));
    put_bytes(summary, summary_value, value);
  }
  std::string event;
  put_double(event, event_wall_time, wall_time);
  put_key(event, event_step, wire_varint);
  put_varint(event, static_cast<std::uint64_t>(step));
  put_bytes(event, event_summary, summary);
  const std::string bytes = (is_empty_ ? version_record(wall_time) : "") + framed(event);
  if (std::fwrite(bytes.data(), 1, bytes.size(), out_) != bytes.size() || std::fflush(out_) != 0) {
    throw RunError(file_.string() + ": cannot be written: " + std::strerror(errno));
  }
  is_empty_ = false;
}

}  // namespace ablate::lab
