#include "transformer/core/atomic_file.h"

#include <string>

#include "tests/catch.h"
#include "tests/data/support.h"
#include "tests/file_size_limit.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::data;
using namespace ablate::data::testing;
using ablate::testing::FileSizeLimit;

TEST_CASE("an atomic file appears when it is committed, in folders that it makes") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a" / "b" / "result.json";
  AtomicFile file(path);
  file.write("one ");
  file.write("two");
  CHECK(file.size() == 7);
  file.overwrite(0, "ONE");
  CHECK_FALSE(std::filesystem::exists(path));
  file.commit();
  CHECK(read_text(path) == "ONE two");
  CHECK(files_in(folder.path()) == std::vector<std::string>{"a/b/result.json"});
}

TEST_CASE("an atomic file that is given up leaves the old one and no trace") {
  const TemporaryFolder folder;
  const auto path = folder.write("result.json", "old");
  {
    AtomicFile file(path);
    file.write(std::string(3'000'000, 'x'));
  }
  CHECK(read_text(path) == "old");
  CHECK(files_in(folder.path()) == std::vector<std::string>{"result.json"});
}

TEST_CASE("a disk that fills is a RunError with path and reason, and the old file stays") {
  const TemporaryFolder folder;
  const auto path = folder.write("result.json", "old");
  const FileSizeLimit limit(100'000);
  CHECK_THROWS_AS(write_file_atomically(path, std::string(200'000, 'x')), RunError);
  CHECK_THROWS_MENTION(write_file_atomically(path, std::string(200'000, 'x')), "File too large");
  CHECK_THROWS_MENTION(write_file_atomically(path, std::string(3'000'000, 'x')), "result.json");
  CHECK(read_text(path) == "old");
  CHECK(files_in(folder.path()) == std::vector<std::string>{"result.json"});
}

TEST_CASE("large writes come out whole") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "large";
  std::string expected;
  OutputFile file(path);
  for (int i = 0; i < 40'000; ++i) {
    const std::string part = std::to_string(i) + std::string(static_cast<std::size_t>(i % 100), '.');
    file.write(part);
    expected += part;
  }
  file.write(std::string(2'000'000, 'y'));
  expected += std::string(2'000'000, 'y');
  file.close();
  CHECK(read_text(path) == expected);
}

TEST_CASE("folders that cannot be made are named") {
  const TemporaryFolder folder;
  const auto file = folder.write("file", "text");
  CHECK_THROWS_AS(make_folders(file / "folder"), RunError);
  CHECK_THROWS_MENTION(AtomicFile(file / "folder" / "result.json"), (file / "folder").string());
  CHECK_THROWS_MENTION(OutputFile(folder.path() / "missing" / "x"), "No such file or directory");
}

TEST_CASE("a link stays a link, and devices and folders are not replaced") {
  const TemporaryFolder folder;
  const auto target = folder.write("real/result.json", "old");
  const auto link = folder.path() / "link.json";
  std::filesystem::create_symlink("real/result.json", link);
  write_file_atomically(link, "new");
  CHECK(std::filesystem::is_symlink(link));
  CHECK(read_text(target) == "new");
  std::filesystem::create_symlink("real/later.json", folder.path() / "dangling.json");
  write_file_atomically(folder.path() / "dangling.json", "made");
  CHECK(read_text(folder.path() / "real" / "later.json") == "made");
  CHECK_THROWS_AS(AtomicFile("/dev/null"), UserError);
  CHECK_THROWS_MENTION(AtomicFile(folder.path() / "real"), "not a plain file");
  CHECK(files_in(folder.path()) ==
        std::vector<std::string>{"dangling.json", "link.json", "real/later.json", "real/result.json"});
}
