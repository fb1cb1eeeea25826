#include "data/files/lines.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "transformer/core/code_points.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace {

constexpr unsigned buffer_size = 1u << 18;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// Number of the first byte of a line that is not UTF-8, counted from 1.
std::size_t first_invalid_byte(std::string_view line) {
  std::size_t place = 0;
  for_each_code_point(line, [&](std::string_view bytes, bool valid) {
    if (!valid && place == 0) place = static_cast<std::size_t>(bytes.data() - line.data()) + 1;
  });
  return place;
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path) : path_(path), buffer_(new char[buffer_size]) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    throw UserError(path.string() + ": there is no such file");
  }
  if (std::filesystem::is_directory(status)) throw UserError(path.string() + ": is a folder, not a file");
  file_ = gzopen(path.c_str(), "rb");
  if (file_ == nullptr) throw UserError(path.string() + ": cannot be opened: " + std::strerror(errno));
  gzbuffer(static_cast<gzFile>(file_), buffer_size);
}

InputFile::~InputFile() {
  if (file_ != nullptr) gzclose_r(static_cast<gzFile>(file_));
}

std::string_view InputFile::read() {
  const auto file = static_cast<gzFile>(file_);
  const int bytes = gzread(file, buffer_.get(), buffer_size);
  int status = Z_OK;
  const char* message = gzerror(file, &status);
  if (status == Z_ERRNO) throw RunError(path_.string() + ": cannot be read: " + std::strerror(errno));
  if (bytes < 0 || (status != Z_OK && status != Z_STREAM_END)) {
    throw UserError(path_.string() + ": the compressed file is damaged or cut off (" + message + "); get it again");
  }
  return {buffer_.get(), static_cast<std::size_t>(bytes)};
}

LineReader::LineReader(const std::filesystem::path& path) : path_(path), file_(path) {}

std::string LineReader::place() const { return path_.string() + ":" + std::to_string(line_number_); }

bool LineReader::take_line(std::string& line) {
  line.clear();
  for (;;) {
    if (rest_.empty()) rest_ = file_.read();
    if (rest_.empty()) return !line.empty();
    const std::size_t end = rest_.find('\n');
    line.append(rest_.substr(0, end));
    if (end != std::string_view::npos) {
      rest_.remove_prefix(end + 1);
      if (line.ends_with('\r')) line.pop_back();
      return true;
    }
    rest_ = {};
  }
}

bool LineReader::next(std::string& line) {
  if (!take_line(line)) return false;
  ++line_number_;
  if (line_number_ == 1 && line.starts_with(byte_order_mark)) line.erase(0, byte_order_mark.size());
  if (!is_utf8(line)) {
    throw UserError(place() + ": not valid UTF-8 at byte " + std::to_string(first_invalid_byte(line)) +
                    " of the line; convert the file to UTF-8 first");
  }
  return true;
}

void ContentMeter::update(std::string_view bytes) {
  if (bytes.empty()) return;
  hash_.update(bytes);
  line_ends_ += std::ranges::count(bytes, '\n');
  inside_line_ = bytes.back() != '\n';
}

ContentFacts ContentMeter::facts() { return {hash_.hex(), line_ends_ + (inside_line_ ? 1 : 0)}; }

ContentFacts content_facts(const std::filesystem::path& path) {
  InputFile file(path);
  ContentMeter meter;
  for (std::string_view bytes = file.read(); !bytes.empty(); bytes = file.read()) meter.update(bytes);
  return meter.facts();
}

std::string content_sha256(const std::filesystem::path& path) { return content_facts(path).sha256; }

}  // namespace ablate::data
