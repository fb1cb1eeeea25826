#pragma once
// Writing files so that a reader never sees half of one: a temporary file in the same folder, fsync, rename,
// fsync of the folder. Used for everything that the program keeps: checkpoints, results, caches, corpora.
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace ablate {

/// A new file, written in order through a buffer. Every failure is a RunError with the path and the system's
/// reason ("No space left on device").
class OutputFile {
 public:
  /// Creates `path`; it must not exist yet, its folder must.
  explicit OutputFile(const std::filesystem::path& path);
  ~OutputFile();  ///< closes; what was not synced may be lost
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::string_view bytes);
  /// Replaces bytes that were written before; the place of write() stays where it was.
  void overwrite(std::uint64_t offset, std::string_view bytes);
  std::uint64_t size() const { return size_; }
  /// Writes the buffer out, fsyncs and closes.
  void close();
  const std::filesystem::path& path() const { return path_; }

 private:
  void flush();
  void write_out(std::string_view bytes);

  std::filesystem::path path_;
  std::string buffer_;
  std::uint64_t size_ = 0;
  int descriptor_ = -1;
};

/// A file that appears under its name, complete and on disk, when commit() returns, and not at all if the object
/// dies without it. An older file of that name stays until then; a link stays one, and what it points to is replaced.
class AtomicFile {
 public:
  /// Creates the folder if it is missing. UserError if `path` is a folder, a device, a pipe or a socket.
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes) { file_.write(bytes); }
  void overwrite(std::uint64_t offset, std::string_view bytes) { file_.overwrite(offset, bytes); }
  std::uint64_t size() const { return file_.size(); }
  void commit();

 private:
  std::filesystem::path path_;
  OutputFile file_;
  bool committed_ = false;
};

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// A name in the same folder that no other process or thread uses: ".NAME.tmp-PID-N".
std::filesystem::path temporary_name(const std::filesystem::path& path);

/// mkdir -p; RunError with the reason.
void make_folders(const std::filesystem::path& folder);

/// Makes a rename in `folder` last. File systems that cannot are left alone.
void sync_folder(const std::filesystem::path& folder);

}  // namespace ablate
