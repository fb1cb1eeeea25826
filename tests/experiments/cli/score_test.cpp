#include <zlib.h>

#include "tests/experiments/cli/support.h"
#include "transformer/core/error.h"

using namespace ablate;
using testing::output_of;
using testing::TemporaryFolder;

namespace {

std::string score(const std::vector<std::string>& arguments, const std::string& input = "") {
  return output_of(cli::score_command, arguments, input);
}

}  // namespace

TEST_CASE("score command: one line for each metric, with its signature", "[cli]") {
  const TemporaryFolder folder;
  const std::string lines = "the first of two lines\nand the second one , longer\n";
  const auto reference = folder.write("reference", lines);
  const auto hypothesis = folder.write("hypothesis", lines);
  const std::string all = score({"--reference", reference, "--hypothesis", hypothesis});
  CHECK_CONTAINS(all, "BLEU|nrefs:1|");
  CHECK_CONTAINS(all, "chrF2|nrefs:1|");
  CHECK_CONTAINS(all, " = 100.0");
  CHECK(std::count(all.begin(), all.end(), '\n') == 3);
  const std::string one =
      score({"--reference", reference, "--hypothesis", hypothesis, "--metrics", "bleu:tokenize=none:lowercase=true"});
  CHECK_CONTAINS(one, "case:lc");
  CHECK_CONTAINS(one, "tok:none");
  CHECK(std::count(one.begin(), one.end(), '\n') == 1);
}

TEST_CASE("score command: hypotheses come from standard input unless a file is named", "[cli]") {
  const TemporaryFolder folder;
  const auto reference = folder.write("reference", "a b c d e\nf g h i j\n");
  const std::vector<std::string> arguments = {"--reference", reference, "--metrics", "exact_match"};
  CHECK_CONTAINS(score(arguments, "a b c d e\r\nf g h i j"), "= 100.0");
  CHECK_CONTAINS(score(arguments, "a b c d e\n\n"), "= 50.0");
}

TEST_CASE("score command: several references, plain or compressed", "[cli]") {
  const TemporaryFolder folder;
  const auto first = folder.write("first", "one\ntwo\n");
  const std::string second = (folder / "second.gz").string();
  const gzFile out = gzopen(second.c_str(), "wb");
  gzputs(out, "uno\ndue\n");
  gzclose(out);
  const std::string both = score({"--reference", first, second, "--metrics", "exact_match"}, "one\ndue\n");
  CHECK_CONTAINS(both, "nrefs:2");
  CHECK_CONTAINS(both, "= 100.0");
  CHECK(both == score({"--reference", first, "--reference", second, "--metrics", "exact_match"}, "one\ndue\n"));
}

TEST_CASE("score command: what is wrong is said with file and line", "[cli]") {
  const TemporaryFolder folder;
  const auto two = folder.write("two", "a\nb\n");
  const auto broken = folder.write("broken", "a\n\xff\n");
  const auto empty = folder.write("empty", "");
  CHECK_THROWS_AS(score({}), UserError);
  CHECK_THROWS_MENTION(score({}), "--reference");
  CHECK_THROWS_MENTION(score({"--reference", two}, "a\n"), "standard input has 1, " + two.string() + " has 2");
  CHECK_THROWS_MENTION(score({"--reference", broken}, "a\nb\n"), broken.string() + ":2");
  CHECK_THROWS_MENTION(score({"--reference", two}, "a\n\xff\n"), "standard input:2");
  CHECK_THROWS_MENTION(score({"--reference", empty}, ""), empty.string() + ": there are no lines");
  CHECK_THROWS_MENTION(score({"--reference", folder / "none"}, "a\n"), "there is no such file");
  CHECK_THROWS_MENTION(score({"--reference", two, "--metrics", "rouge"}, "a\nb\n"), "there is no metric 'rouge'");
  CHECK_THROWS_AS(score({"--reference", two, "--metrics", "rouge"}, "a\nb\n"), UserError);
  CHECK_THROWS_MENTION(score({"--reference", two, "--metrics", "bleu:smooth_method=add"}, "a\nb\n"), "smooth_method");
  CHECK_THROWS_MENTION(score({"--reference", two, "--metrics", ","}, "a\nb\n"), "names no metric");
  CHECK_THROWS_MENTION(score({"--references", two}), "usage: ablate score");
}

TEST_CASE("score command: help lists metrics and their options", "[cli]") {
  CHECK_CONTAINS(score({"--help"}), "smooth_value");
  CHECK_CONTAINS(score({"--help"}), "Examples:");
}
