#include "data/corpus/split.h"

#include <zlib.h>

#include <array>
#include <cstring>
#include <fstream>
#include <limits>
#include <type_traits>
#include <vector>

#include "transformer/core/error.h"

namespace ablate::data {
namespace {

constexpr std::array<char, 8> magic{'A', 'B', 'L', 'P', 'A', 'I', 'R', 'S'};
constexpr std::uint32_t version = 1;
constexpr std::size_t alignment = 8;
constexpr std::size_t chunk_size = std::size_t{1} << 20;

struct Header {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t body_checksum;  ///< CRC-32 of everything after the header
  std::int64_t pairs;
  std::int64_t skipped;
  std::int64_t source_tokens;
  std::int64_t target_tokens;
  std::uint64_t records_size;
  std::array<char, 64> ids_hash;
  std::array<char, 64> text_hash;
  std::uint32_t reserved;
  std::uint32_t header_checksum;  ///< CRC-32 of the header before this
};
static_assert(std::is_trivially_copyable_v<Header> && std::has_unique_object_representations_v<Header> &&
              sizeof(Header) % alignment == 0);
static_assert(std::has_unique_object_representations_v<PairEntry> && sizeof(PairEntry) % alignment == 0);

template <class T>
std::string_view bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

template <class T>
std::string_view bytes_of(const T& value) {
  return bytes_of(std::span<const T>(&value, 1));
}

std::uint32_t checksum(std::uint32_t before, std::string_view bytes) {
  if (bytes.empty()) return before;  // zlib takes a null pointer for a request to start again
  return static_cast<std::uint32_t>(
      crc32_z(before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

std::uint32_t header_checksum(const Header& header) {
  return checksum(0, bytes_of(header).substr(0, offsetof(Header, header_checksum)));
}

/// Read rather than touched through the mapping, so that checking a large corpus does not pull it into
/// memory.
std::uint32_t checksum_of_body(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  in.seekg(sizeof(Header));
  std::vector<char> chunk(chunk_size);
  std::uint32_t sum = 0;
  while (in) {
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    sum = checksum(sum, {chunk.data(), static_cast<std::size_t>(in.gcount())});
  }
  return sum;
}

Header read_header(const MappedFile& file, const std::filesystem::path& path) {
  const auto fail = [&path](const char* why) { throw RunError(path.string() + ": " + why); };
  Header header;
  if (file.size() < sizeof(Header)) fail("cut off");
  std::memcpy(&header, file.data(), sizeof(Header));
  if (header.magic != magic) fail("not a file of prepared pairs");
  if (header.header_checksum != header_checksum(header)) fail("damaged");
  if (header.version != version) fail("written by another version of the program");
  const auto index_size = static_cast<std::uint64_t>(header.pairs) * sizeof(PairEntry);
  if (file.size() != sizeof(Header) + header.records_size + index_size) fail("cut off");
  if (checksum_of_body(path) != header.body_checksum) fail("damaged");
  return header;
}

}  // namespace

Split::Split(const std::filesystem::path& file) : file_(file) {
  const Header header = read_header(file_, file);
  const auto* index = reinterpret_cast<const PairEntry*>(file_.data() + sizeof(Header) + header.records_size);
  index_ = {index, static_cast<std::size_t>(header.pairs)};
  source_tokens_ = header.source_tokens;
  target_tokens_ = header.target_tokens;
  skipped_ = header.skipped;
  ids_hash_.assign(header.ids_hash.data(), header.ids_hash.size());
  text_hash_.assign(header.text_hash.data(), header.text_hash.size());
}

const PairEntry& Split::entry(std::int64_t i) const {
  if (i < 0 || i >= size()) {
    throw std::out_of_range("pair " + std::to_string(i) + " of a split of " + std::to_string(size()));
  }
  return index_[static_cast<std::size_t>(i)];
}

std::span<const std::int32_t> Split::source(std::int64_t i) const {
  const PairEntry& pair = entry(i);
  return {reinterpret_cast<const std::int32_t*>(file_.data() + pair.offset), pair.source_ids};
}

std::span<const std::int32_t> Split::target(std::int64_t i) const {
  const PairEntry& pair = entry(i);
  return {reinterpret_cast<const std::int32_t*>(file_.data() + pair.offset) + pair.source_ids, pair.target_ids};
}

std::string_view Split::source_text(std::int64_t i) const {
  const PairEntry& pair = entry(i);
  const std::size_t ids = sizeof(std::int32_t) * (std::size_t{pair.source_ids} + pair.target_ids);
  return {reinterpret_cast<const char*>(file_.data() + pair.offset + ids), pair.source_bytes};
}

std::string_view Split::target_text(std::int64_t i) const {
  const std::string_view source = source_text(i);
  return {source.data() + source.size(), entry(i).target_bytes};
}

SplitWriter::SplitWriter(const std::filesystem::path& file) : file_(file), index_(file.string() + ".index") {
  file_.write(bytes_of(Header{}));
}

void SplitWriter::add(std::span<const std::int32_t> source, std::span<const std::int32_t> target,
                      std::string_view source_text, std::string_view target_text) {
  for (const std::size_t size : {source.size(), target.size(), source_text.size(), target_text.size()}) {
    if (size <= std::numeric_limits<std::uint32_t>::max()) continue;
    throw UserError("a text of " + std::to_string(size) + " bytes is too long for one document: divide it");
  }
  const PairEntry entry{file_.size(), static_cast<std::uint32_t>(source.size()),
                        static_cast<std::uint32_t>(target.size()), static_cast<std::uint32_t>(source_text.size()),
                        static_cast<std::uint32_t>(target_text.size())};
  index_.write(bytes_of(entry));
  for (const std::string_view part : {bytes_of(source), bytes_of(target), source_text, target_text}) write_body(part);
  write_body(std::string_view("\0\0\0\0\0\0\0", (alignment - file_.size() % alignment) % alignment));

  // Lengths go in too: without them the same symbols in other sentences would have the same hash.
  ids_.update(bytes_of(std::array{entry.source_ids, entry.target_ids}));
  ids_.update(bytes_of(source));
  ids_.update(bytes_of(target));
  text_.update(bytes_of(std::array{entry.source_bytes, entry.target_bytes}));
  text_.update(source_text);
  text_.update(target_text);
  ++pairs_;
  source_tokens_ += entry.source_ids;
  target_tokens_ += entry.target_ids;
}

void SplitWriter::write_body(std::string_view bytes) {
  file_.write(bytes);
  checksum_ = checksum(checksum_, bytes);
}

void SplitWriter::append_index() {
  index_.close();
  std::ifstream in(index_.path(), std::ios::binary);
  std::vector<char> chunk(chunk_size);
  while (in) {
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    write_body({chunk.data(), static_cast<std::size_t>(in.gcount())});
  }
  std::filesystem::remove(index_.path());
}

void SplitWriter::finish() {
  Header header{};
  header.magic = magic;
  header.version = version;
  header.pairs = pairs_;
  header.skipped = skipped_;
  header.source_tokens = source_tokens_;
  header.target_tokens = target_tokens_;
  header.records_size = file_.size() - sizeof(Header);
  append_index();
  header.body_checksum = checksum_;
  ids_.hex().copy(header.ids_hash.data(), header.ids_hash.size());
  text_.hex().copy(header.text_hash.data(), header.text_hash.size());
  header.header_checksum = header_checksum(header);
  file_.overwrite(0, bytes_of(header));
  file_.close();
}

}  // namespace ablate::data
