#pragma once
// Lines of text from plain or gzip-compressed files, one at a time.
//
// A line ends with LF or CR LF; neither is part of it. A CR elsewhere is an ordinary character. The last line
// may lack its end. A byte-order mark at the start of the file is dropped. Everything else is kept as it is.
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "data/files/sha256.h"

namespace ablate::data {

/// The uncompressed bytes of a file. The content, not the name, decides whether it is compressed.
class InputFile {
 public:
  /// Throws UserError if the file cannot be opened.
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// The next bytes, valid until the next call; empty at the end. Throws UserError if compressed data is
  /// damaged or cut off, RunError if the disk fails.
  std::string_view read();

 private:
  std::filesystem::path path_;
  void* file_ = nullptr;
  std::unique_ptr<char[]> buffer_;
};

class LineReader {
 public:
  explicit LineReader(const std::filesystem::path& path);

  /// Puts the next line into `line`; false at the end. Throws UserError "FILE:LINE: …" if it is not valid
  /// UTF-8.
  bool next(std::string& line);

  std::uint64_t line_number() const { return line_number_; }  ///< of the last line; the first is 1
  const std::filesystem::path& path() const { return path_; }
  std::string place() const;  ///< "FILE:LINE"

 private:
  bool take_line(std::string& line);

  std::filesystem::path path_;
  InputFile file_;
  std::string_view rest_;
  std::uint64_t line_number_ = 0;
};

struct ContentFacts {
  std::string sha256;
  std::int64_t lines = 0;  ///< a last line without its end counts
};

/// Takes the facts of content that comes in pieces.
class ContentMeter {
 public:
  void update(std::string_view bytes);
  ContentFacts facts();  ///< at the end, once

 private:
  Sha256 hash_;
  std::int64_t line_ends_ = 0;
  bool inside_line_ = false;
};

/// Facts of the uncompressed content: the same for train.en and train.en.gz.
ContentFacts content_facts(const std::filesystem::path& path);

/// Its SHA-256 alone.
std::string content_sha256(const std::filesystem::path& path);

}  // namespace ablate::data
