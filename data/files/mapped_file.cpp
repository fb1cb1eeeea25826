#include "data/files/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "transformer/core/error.h"

namespace ablate::data {

MappedFile::MappedFile(const std::filesystem::path& path) {
  const auto fail = [&path] { throw RunError("cannot open " + path.string() + ": " + std::strerror(errno)); };
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail();
  struct stat status {};
  void* memory = MAP_FAILED;
  int reason = 0;
  if (::fstat(descriptor, &status) == 0 && status.st_size > 0) {
    memory = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_SHARED, descriptor, 0);
    if (memory == MAP_FAILED) reason = errno;
  }
  ::close(descriptor);
  if (status.st_size == 0) throw RunError("cannot open " + path.string() + ": the file is empty");
  if (memory == MAP_FAILED) {
    errno = reason;
    fail();
  }
  data_ = static_cast<const std::byte*>(memory);
  size_ = static_cast<std::size_t>(status.st_size);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

}  // namespace ablate::data
