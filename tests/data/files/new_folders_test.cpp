#include "data/files/new_folders.h"

#include <optional>

#include "tests/catch.h"
#include "tests/temporary_folder.h"
#include "transformer/core/error.h"

using ablate::data::NewFolders;
using ablate::testing::TemporaryFolder;
using std::filesystem::exists;

TEST_CASE("new folders that stay empty are removed, with what is in them they stay") {
  const TemporaryFolder folder;
  std::optional<NewFolders> made(folder / "a/b/c");
  CHECK(exists(folder / "a/b/c"));
  made.reset();
  CHECK_FALSE(exists(folder / "a"));
  CHECK(exists(folder.path()));

  made.emplace(folder / "a/b/c");
  folder.write("a/file", "x");
  made.reset();
  CHECK(exists(folder / "a/file"));
  CHECK_FALSE(exists(folder / "a/b"));
}

TEST_CASE("folders that were there before stay, and what cannot be made is an error") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "old");
  { const NewFolders made(folder / "old"); }
  CHECK(exists(folder / "old"));
  folder.write("file", "x");
  CHECK_THROWS_AS(NewFolders(folder / "file/below"), ablate::RunError);
}
