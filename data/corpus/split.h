#pragma once
// One split of a prepared corpus: a flat binary file of token ids and raw text, memory-mapped.
//
// Layout, little-endian as on every machine that LibTorch supports:
//   header   magic, version, counts, hashes, checksums (split.cpp)
//   records  per pair: source ids and target ids (int32), source text, target text, zeros to a multiple of 8
//   index    per pair: a PairEntry
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "data/files/mapped_file.h"
#include "data/files/sha256.h"
#include "transformer/core/atomic_file.h"

namespace ablate::data {

struct PairEntry {
  std::uint64_t offset;  ///< of the record, from the start of the file
  std::uint32_t source_ids;
  std::uint32_t target_ids;
  std::uint32_t source_bytes;
  std::uint32_t target_bytes;
};

class Split {
 public:
  /// Opens and checks a file: magic, sizes, checksum of every byte. Throws RunError saying what is wrong with
  /// it.
  explicit Split(const std::filesystem::path& file);

  std::int64_t size() const { return static_cast<std::int64_t>(index_.size()); }
  /// Token ids without bos and eos.
  std::span<const std::int32_t> source(std::int64_t i) const;
  std::span<const std::int32_t> target(std::int64_t i) const;
  /// The text as it was read.
  std::string_view source_text(std::int64_t i) const;
  std::string_view target_text(std::int64_t i) const;
  std::int64_t source_length(std::int64_t i) const { return entry(i).source_ids; }
  std::int64_t target_length(std::int64_t i) const { return entry(i).target_ids; }
  /// That of the longer side, eos included.
  std::int64_t length(std::int64_t i) const { return std::max(source_length(i), target_length(i)) + 1; }

  std::int64_t source_tokens() const { return source_tokens_; }  ///< sums over the split, without eos
  std::int64_t target_tokens() const { return target_tokens_; }
  std::int64_t skipped() const { return skipped_; }            ///< training pairs left out because a side has no token
  const std::string& ids_hash() const { return ids_hash_; }    ///< SHA-256 of all token ids
  const std::string& text_hash() const { return text_hash_; }  ///< SHA-256 of all raw text

 private:
  const PairEntry& entry(std::int64_t i) const;

  MappedFile file_;
  std::span<const PairEntry> index_;
  std::int64_t source_tokens_ = 0;
  std::int64_t target_tokens_ = 0;
  std::int64_t skipped_ = 0;
  std::string ids_hash_;
  std::string text_hash_;
};

/// Writes such a file. The index waits in a file beside it, so memory does not grow with the number of pairs.
class SplitWriter {
 public:
  explicit SplitWriter(const std::filesystem::path& file);

  void add(std::span<const std::int32_t> source, std::span<const std::int32_t> target, std::string_view source_text,
           std::string_view target_text);
  void skip() { ++skipped_; }
  std::int64_t size() const { return pairs_; }
  std::int64_t skipped() const { return skipped_; }
  std::int64_t target_tokens() const { return target_tokens_; }
  void finish();

 private:
  void write_body(std::string_view bytes);
  void append_index();

  OutputFile file_;
  OutputFile index_;
  Sha256 ids_;
  Sha256 text_;
  std::uint32_t checksum_ = 0;
  std::int64_t pairs_ = 0;
  std::int64_t skipped_ = 0;
  std::int64_t source_tokens_ = 0;
  std::int64_t target_tokens_ = 0;
};

}  // namespace ablate::data
