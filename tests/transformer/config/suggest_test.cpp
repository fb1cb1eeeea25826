#include "transformer/config/suggest.h"

#include "tests/catch.h"

using namespace ablate::config;

TEST_CASE("edit_distance counts insertions, deletions, substitutions and swaps of neighbours", "[config][suggest]") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("abc", "abc") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("ab", "ba") == 1);
  CHECK(edit_distance("layer_nrom", "layer_norm") == 1);
  CHECK(edit_distance("ca", "abc") == 3);  // no edit inside of a swap: 3, where the unrestricted distance is 2
}

TEST_CASE("nearest finds the name that was meant, and none where none is near", "[config][suggest]") {
  const std::vector<std::string> names{"layer_norm", "rms_norm", "none"};
  CHECK(nearest("layernorm", names) == "layer_norm");
  CHECK(nearest("rmsnorm", names) == "rms_norm");
  CHECK(nearest("non", names) == "none");
  CHECK(nearest("batch_statistics", names).empty());
  CHECK(nearest("x", {}).empty());
  CHECK(nearest("dff", {"d_model", "d_ff"}) == "d_ff");
}

TEST_CASE("a third of the letters of a long word may be wrong, two of a short one", "[config][suggest]") {
  CHECK(nearest("abcdefghijkl", {"abcdefghWXYZ"}) == "abcdefghWXYZ");  // 4 of 12
  CHECK(nearest("abcdefghijkl", {"abcdefgVWXYZ"}).empty());            // 5 of 12
  CHECK(nearest("abc", {"aXY"}) == "aXY");
  CHECK(nearest("abc", {"XYZ"}).empty());
}

TEST_CASE("suggestion offers one name, or all of them", "[config][suggest]") {
  CHECK(suggestion("reluu", {"relu", "gelu"}) == " (did you mean 'relu'?)");
  CHECK(suggestion("maxout", {"relu", "gelu"}) == " (one of: relu, gelu)");
  CHECK(suggestion("maxout", {}).empty());
}
