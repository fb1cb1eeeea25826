// The README's catalogue is the program's output: a new variant that is missing there fails here.
#include "experiments/lab/catalogue.h"
#include "tests/catch.h"

#include <fstream>
#include <sstream>

TEST_CASE("the README shows the catalogue as `ablate variants` prints it") {
  std::ifstream in(ABLATE_SOURCE_DIR "/README.md");
  std::ostringstream text;
  text << in.rdbuf();
  CHECK(text.str().find(ablate::lab::catalogue_markdown(ablate::lab::catalogue())) != std::string::npos);
}
