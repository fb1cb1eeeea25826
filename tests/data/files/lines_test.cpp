#include "data/files/lines.h"

#include <string>
#include <vector>

#include "data/files/sha256.h"
#include "tests/catch.h"
#include "tests/data/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using namespace ablate::data;
using namespace ablate::data::testing;

namespace {

std::vector<std::string> lines_in(const std::filesystem::path& file) {
  LineReader reader(file);
  std::vector<std::string> lines;
  for (std::string line; reader.next(line);) lines.push_back(line);
  CHECK(reader.line_number() == lines.size());
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("lines end with LF or CR LF, and the last one may lack its end") {
  const TemporaryFolder folder;
  CHECK(lines_in(folder.write("a", "")) == Lines{});
  CHECK(lines_in(folder.write("b", "one\ntwo\n")) == Lines{"one", "two"});
  CHECK(lines_in(folder.write("c", "one\r\ntwo")) == Lines{"one", "two"});
  CHECK(lines_in(folder.write("d", "\n\r\n\n")) == Lines{"", "", ""});
  CHECK(lines_in(folder.write("e", "a\rb\n\r")) == Lines{"a\rb", "\r"});
  CHECK(lines_in(folder.write("f", "\xEF\xBB\xBFone\n\xEF\xBB\xBFtwo\n")) == Lines{"one", "\xEF\xBB\xBFtwo"});
  CHECK(lines_in(folder.write("g", " kept \t\n")) == Lines{" kept \t"});
}

TEST_CASE("lines longer than any buffer come out whole") {
  const TemporaryFolder folder;
  const std::string text = std::string(1'000'000, 'a') + "é";
  CHECK(lines_in(folder.write("long", text + "\n" + text + "\nend")) == Lines{text, text, "end"});
}

TEST_CASE("the lines of a content are counted, the last one with or without its end") {
  const TemporaryFolder folder;
  CHECK(content_facts(folder.write("empty", "")).lines == 0);
  CHECK(content_facts(folder.write("ended", "one\n\ntwo\n")).lines == 3);
  CHECK(content_facts(folder.write("open", "one\n\ntwo")).lines == 3);
  ContentMeter meter;
  for (const char* piece : {"on", "e\n", "t", ""}) meter.update(piece);
  const ContentFacts facts = meter.facts();
  CHECK(facts.lines == 2);
  CHECK(facts.sha256 == sha256("one\nt"));
}

TEST_CASE("plain and compressed files read alike") {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "line " + std::to_string(i) + "\n";
  const auto plain = folder.write("text", text);
  write_compressed(folder.path() / "text.gz", text);
  write_compressed(folder.path() / "named_plain", text);
  const Lines lines = lines_in(plain);
  CHECK(lines.size() == 50'000);
  CHECK(lines_in(folder.path() / "text.gz") == lines);
  CHECK(lines_in(folder.path() / "named_plain") == lines);
  CHECK(content_sha256(plain) == sha256(text));
  CHECK(content_sha256(folder.path() / "text.gz") == sha256(text));
  CHECK(content_facts(folder.path() / "text.gz").lines == 50'000);
}

TEST_CASE("text that is not UTF-8 is refused with file, line and byte") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& line) {
    return folder.write("latin1.txt", "good\nä\n" + line + "\nmore\n");
  };
  CHECK_THROWS_AS(lines_in(refused("caf\xE9")), UserError);
  CHECK_THROWS_MENTION(lines_in(refused("caf\xE9")), "latin1.txt:3: not valid UTF-8 at byte 4");
  CHECK_THROWS_MENTION(lines_in(refused("\xC0\xAF")), "latin1.txt:3");          // overlong
  CHECK_THROWS_MENTION(lines_in(refused("ab\xED\xA0\x80")), "at byte 3");       // a surrogate
  CHECK_THROWS_MENTION(lines_in(refused("\xF4\x90\x80\x80")), "latin1.txt:3");  // beyond U+10FFFF
  CHECK_THROWS_MENTION(lines_in(refused("\xE2\x82")), "latin1.txt:3");          // cut off
}

TEST_CASE("files that cannot be read are named with the reason") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(LineReader(folder.path() / "none.txt"), UserError);
  CHECK_THROWS_MENTION(LineReader(folder.path() / "none.txt"), "none.txt: there is no such file");
  CHECK_THROWS_MENTION(LineReader(folder.path()), "is a folder");
}

TEST_CASE("a compressed file that is cut off or damaged is refused") {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919 % 10'007) + "\n";
  write_compressed(folder.path() / "whole.gz", text);
  const std::string bytes = read_text(folder.path() / "whole.gz");
  const auto cut = folder.write("cut.gz", bytes.substr(0, bytes.size() / 2));
  CHECK_THROWS_AS(lines_in(cut), UserError);
  CHECK_THROWS_MENTION(lines_in(cut), "cut.gz: the compressed file is damaged or cut off");
  std::string damaged = bytes;
  damaged[damaged.size() - 6] ^= 1;  // in the checksum at the end
  CHECK_THROWS_MENTION(lines_in(folder.write("damaged.gz", damaged)), "damaged or cut off");
}
