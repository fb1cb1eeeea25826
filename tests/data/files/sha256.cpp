#include "data/files/sha256.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/catch.h"
#include "transformer/core/error.h"

using namespace ablate::data;

namespace {

// FIPS 180-4 examples, as NIST publishes them.
constexpr const char* of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* of_two_blocks = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
constexpr const char* of_four_blocks = "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1";
constexpr const char* of_a_million = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

}  // namespace

TEST_CASE("SHA-256 gives the published digests") {
  CHECK(sha256("") == of_nothing);
  CHECK(sha256("abc") == of_abc);
  CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") == of_two_blocks);
  CHECK(sha256("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
               "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu") == of_four_blocks);
  CHECK(sha256(std::string(1'000'000, 'a')) == of_a_million);
}

TEST_CASE("SHA-256 does not depend on how a stream is cut") {
  const std::string text =
      "some text that is longer than a block of sixty-four bytes, by a good deal: 0123456789 0123456789";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const std::string message = text.substr(0, length);
    for (const std::size_t step : {1, 7, 63, 64, 65}) {
      Sha256 hash;
      for (std::size_t at = 0; at < length; at += step) hash.update(std::string_view(message).substr(at, step));
      REQUIRE(hash.hex() == sha256(message));
    }
  }
}

TEST_CASE("SHA-256 of a file is that of its bytes") {
  const auto file = std::filesystem::temp_directory_path() / "ablate_sha256_test.bin";
  const std::string bytes = std::string(200'000, 'x') + std::string(1, '\0') + "\n\xFF";
  std::ofstream(file, std::ios::binary) << bytes;
  CHECK(sha256_file(file) == sha256(bytes));
  std::ofstream(file, std::ios::binary | std::ios::trunc).close();
  CHECK(sha256_file(file) == of_nothing);
  std::filesystem::remove(file);
  CHECK_THROWS_MENTION(sha256_file(file), "ablate_sha256_test.bin");
  CHECK_THROWS_MENTION(sha256_file(std::filesystem::temp_directory_path()), "a folder");
  CHECK_THROWS_AS(sha256_file(file), ablate::UserError);
}
