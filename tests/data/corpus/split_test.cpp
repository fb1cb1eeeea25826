#include "data/corpus/split.h"

#include <array>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/data/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::data;
using namespace ablate::data::testing;

namespace {

using Ids = std::vector<std::int32_t>;

Ids ids(std::span<const std::int32_t> values) { return {values.begin(), values.end()}; }

void write_three(const std::filesystem::path& file) {
  SplitWriter writer(file);
  writer.add(Ids{1, 2, 3}, Ids{4}, "a b c", "d");
  writer.skip();
  writer.add(Ids{}, Ids{std::numeric_limits<std::int32_t>::max()}, "", "größer");
  writer.add(Ids{7, 8}, Ids{}, "x y", "");
  writer.finish();
}

std::string ids_hash_of(const std::filesystem::path& file, const std::vector<std::pair<Ids, Ids>>& pairs) {
  std::filesystem::remove(file);
  SplitWriter writer(file);
  for (const auto& [source, target] : pairs) writer.add(source, target, "", "");
  writer.finish();
  return Split(file).ids_hash();
}

}  // namespace

TEST_CASE("a split gives back ids and text") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "train.pairs";
  write_three(file);
  CHECK(files_in(folder.path()) == std::vector<std::string>{"train.pairs"});
  const Split split(file);
  REQUIRE(split.size() == 3);
  CHECK(ids(split.source(0)) == Ids{1, 2, 3});
  CHECK(ids(split.target(0)) == Ids{4});
  CHECK(ids(split.source(1)).empty());
  CHECK(ids(split.target(1)) == Ids{std::numeric_limits<std::int32_t>::max()});
  CHECK(split.target_text(1) == "größer");
  CHECK(ids(split.source(2)) == Ids{7, 8});
  CHECK(split.target_length(2) == 0);
  CHECK(texts(split) == std::vector<TextPair>{{"a b c", "d"}, {"", "größer"}, {"x y", ""}});
  CHECK(split.source_tokens() == 5);
  CHECK(split.target_tokens() == 2);
  CHECK(split.skipped() == 1);
  CHECK_THROWS_AS(split.source(3), std::out_of_range);
  CHECK_THROWS_AS(split.source(-1), std::out_of_range);
}

TEST_CASE("every changed byte and every lost byte of a split is noticed") {
  const TemporaryFolder folder;
  write_three(folder.path() / "sound");
  const std::string sound = read_text(folder.path() / "sound");
  for (std::size_t i = 0; i < sound.size(); ++i) {
    std::string damaged = sound;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    INFO("byte " << i);
    CHECK_THROWS_AS(Split(folder.write("damaged", damaged)), RunError);
    CHECK_THROWS_AS(Split(folder.write("cut", sound.substr(0, i))), RunError);
  }
  CHECK_THROWS_AS(Split(folder.write("longer", sound + "x")), RunError);
  CHECK_THROWS_AS(Split(folder.path() / "missing"), RunError);
}

TEST_CASE("the hash of ids depends on every id and on where sentences end") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "x";
  const std::string hash = ids_hash_of(file, {{{1, 2}, {3}}, {{4}, {5}}});
  CHECK(hash == ids_hash_of(file, {{{1, 2}, {3}}, {{4}, {5}}}));
  CHECK(hash != ids_hash_of(file, {{{1}, {2, 3}}, {{4}, {5}}}));
  CHECK(hash != ids_hash_of(file, {{{1, 2}, {3, 4}}, {{}, {5}}}));
  CHECK(hash != ids_hash_of(file, {{{1, 2}, {3}}, {{4}, {6}}}));
  CHECK(hash != ids_hash_of(file, {{{4}, {5}}, {{1, 2}, {3}}}));
}
