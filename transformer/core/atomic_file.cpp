#include "transformer/core/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "transformer/core/error.h"

namespace ablate {
namespace {

constexpr std::size_t buffer_size = std::size_t{1} << 20;

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path) {
  throw RunError("cannot " + what + " " + path.string() + ": " + std::strerror(errno));
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// Where the file really goes: renaming onto a link would replace the link, and onto a device the device.
std::filesystem::path place_of(const std::filesystem::path& path) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw UserError("cannot write " + path.string() + ": it is not a plain file; name another");
  }
  // Step by step, because the last link may point to what is yet to be made. A circle of links is for open() to refuse.
  constexpr int most = 40;
  std::filesystem::path place = path;
  for (int i = 0; i < most && std::filesystem::is_symlink(std::filesystem::symlink_status(place, ignored)); ++i) {
    place = place.parent_path() / std::filesystem::read_symlink(place, ignored);
  }
  return place;
}

std::filesystem::path temporary_in_existing_folder(const std::filesystem::path& path) {
  make_folders(folder_of(path));
  return temporary_name(path);
}

}  // namespace

OutputFile::OutputFile(const std::filesystem::path& path) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail("create", path);
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void OutputFile::write(std::string_view bytes) {
  size_ += bytes.size();
  if (bytes.size() >= buffer_size) {
    flush();
    write_out(bytes);
    return;
  }
  buffer_.append(bytes);
  if (buffer_.size() >= buffer_size) flush();
}

void OutputFile::overwrite(std::uint64_t offset, std::string_view bytes) {
  flush();
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", path_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

void OutputFile::close() {
  flush();
  if (::fsync(descriptor_) != 0) fail("write", path_);
  const int descriptor = std::exchange(descriptor_, -1);
  if (::close(descriptor) != 0) fail("write", path_);
}

void OutputFile::flush() {
  write_out(buffer_);
  buffer_.clear();
}

void OutputFile::write_out(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("write", path_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

AtomicFile::AtomicFile(const std::filesystem::path& path)
    : path_(place_of(path)), file_(temporary_in_existing_folder(path_)) {}

AtomicFile::~AtomicFile() {
  if (!committed_) ::unlink(file_.path().c_str());
}

void AtomicFile::commit() {
  file_.close();
  if (std::rename(file_.path().c_str(), path_.c_str()) != 0) fail("put in its place", path_);
  committed_ = true;
  sync_folder(folder_of(path_));
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

std::filesystem::path temporary_name(const std::filesystem::path& path) {
  static std::atomic<std::uint64_t> counter{0};
  const std::string suffix = ".tmp-" + std::to_string(::getpid()) + "-";
  for (;;) {
    std::filesystem::path name = path;
    name.replace_filename("." + path.filename().string() + suffix + std::to_string(counter++));
    std::error_code ignored;
    // A process of the same number may have died here and left a file behind.
    if (!std::filesystem::exists(std::filesystem::symlink_status(name, ignored))) return name;
  }
}

void make_folders(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw RunError("cannot create the folder " + folder.string() + ": " + error.message());
}

void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  const int status = ::fsync(descriptor);
  const int reason = errno;
  ::close(descriptor);
  if (status != 0 && reason != EINVAL && reason != ENOTSUP) {
    errno = reason;
    fail("write", folder);
  }
}

}  // namespace ablate
