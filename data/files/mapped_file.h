#pragma once
// A read-only file in memory, paged in by the system as it is touched.
#include <cstddef>
#include <filesystem>

namespace ablate::data {

class MappedFile {
 public:
  /// Throws RunError if the file cannot be opened or mapped.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  const std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace ablate::data
