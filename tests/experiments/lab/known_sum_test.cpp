// What is noted of a large file is told by writing something else into the note: whoever says that has not read the
// file again.
#include "experiments/lab/known_sum.h"

#include <chrono>

#include "data/files/sha256.h"
#include "tests/catch.h"
#include "tests/data/support.h"
#include "transformer/core/error.h"

using namespace ablate;

namespace {

/// A file that nobody has written to for an hour.
std::filesystem::path settled_file(const ablate::testing::TemporaryFolder& folder, const std::string& name,
                                   const std::string& content) {
  const std::filesystem::path file = folder.write(name, content);
  std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  return file;
}

std::vector<std::string> notes_in(const ablate::testing::TemporaryFolder& folder) {
  return data::testing::files_in(folder / "notes");
}

/// The only note says this sum from now on.
void forge_note(const ablate::testing::TemporaryFolder& folder, const std::string& sum) {
  const std::vector<std::string> notes = notes_in(folder);
  REQUIRE(notes.size() == 1);
  Json note = Json::parse(data::testing::read_text(folder / "notes" / notes.front()));
  note["sha256"] = sum;
  folder.write("notes/" + notes.front(), note.dump());
}

}  // namespace

TEST_CASE("known sum: a file is read once, and again when it has changed", "[lab]") {
  const ablate::testing::TemporaryFolder folder;
  const std::filesystem::path file = settled_file(folder, "weights", "one"), notes = folder / "notes";
  CHECK(lab::known_sum(file, notes) == data::sha256("one"));
  forge_note(folder, "noted");
  CHECK(lab::known_sum(file, notes) == "noted");
  // As many bytes, in the same file.
  folder.write("weights", "two");
  CHECK(lab::known_sum(file, notes) == data::sha256("two"));
  settled_file(folder, "weights", "two");
  CHECK(lab::known_sum(file, notes) == data::sha256("two"));
  forge_note(folder, "noted");
  CHECK(lab::known_sum(file, notes) == "noted");
  // As many bytes, as old, in another file of that name.
  const std::filesystem::path other = settled_file(folder, "other", "six");
  std::filesystem::last_write_time(other, std::filesystem::last_write_time(file));
  std::filesystem::rename(other, file);
  CHECK(lab::known_sum(file, notes) == data::sha256("six"));
}

TEST_CASE("known sum: a file is known by where it really lies", "[lab]") {
  const ablate::testing::TemporaryFolder folder;
  settled_file(folder, "one/base/weights", "one");
  std::filesystem::create_directory_symlink(folder / "one", folder / "link");
  CHECK(lab::known_sum(folder / "one/base/weights", folder / "notes") == data::sha256("one"));
  forge_note(folder, "noted");
  for (const char* same : {"one/base/weights", "one/./base/../base/weights", "link/base/weights"}) {
    INFO(same);
    CHECK(lab::known_sum(folder / same, folder / "notes") == "noted");
  }
  settled_file(folder, "two/base/weights", "two");
  CHECK(lab::known_sum(folder / "two/base/weights", folder / "notes") == data::sha256("two"));
  CHECK(notes_in(folder).size() == 2);
}

TEST_CASE("known sum: nothing is noted of a file that may change within the same tick of its clock", "[lab]") {
  const ablate::testing::TemporaryFolder folder;
  const std::filesystem::path file = folder.write("weights", "one");
  std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  CHECK(lab::known_sum(file, folder / "notes") == data::sha256("one"));
  CHECK(notes_in(folder).empty());
}

TEST_CASE("known sum: without a note that can be used the file is read", "[lab]") {
  const ablate::testing::TemporaryFolder folder;
  const std::filesystem::path file = settled_file(folder, "weights", "one"), notes = folder / "notes";
  CHECK(lab::known_sum(file, "") == data::sha256("one"));
  CHECK(notes_in(folder).empty());
  // A folder that cannot be.
  CHECK(lab::known_sum(file, file / "notes") == data::sha256("one"));
  CHECK(lab::known_sum(file, notes) == data::sha256("one"));
  REQUIRE(notes_in(folder).size() == 1);
  const std::string note = "notes/" + notes_in(folder).front();
  for (const char* damaged : {"", "{\"sha", "[]", "{\"stamp\": 1, \"sha256\": 2}"}) {
    INFO(damaged);
    folder.write(note, damaged);
    CHECK(lab::known_sum(file, notes) == data::sha256("one"));
    CHECK(data::testing::read_text(folder / note).find(data::sha256("one")) != std::string::npos);
  }
  CHECK_THROWS_AS(lab::known_sum(folder / "nothing", notes), UserError);
}
