#pragma once
// SHA-256 of text and files: the name under which tokenizers, corpora and caches are found again, and the
// check of what was downloaded.
#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace ablate::data {

/// The hash of a stream (FIPS 180-4, section 6.2).
class Sha256 {
 public:
  void update(std::string_view bytes);

  /// 64 lower-case hexadecimal digits. The object is used up: neither update nor hex may follow.
  std::string hex();

 private:
  void compress(const unsigned char* block);

  static constexpr std::size_t block_size = 64;
  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, block_size> pending_{};
  std::size_t pending_size_ = 0;
  std::uint64_t bytes_ = 0;
};

std::string sha256(std::string_view bytes);

/// The hash of a file's bytes as they lie on disk, compressed or not. Throws UserError if it cannot be read.
std::string sha256_file(const std::filesystem::path& file);

}  // namespace ablate::data
