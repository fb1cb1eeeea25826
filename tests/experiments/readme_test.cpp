// What the READMEs say can be followed: the catalogue is the program's own output, links lead somewhere.
#include "experiments/lab/catalogue.h"
#include "tests/catch.h"

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace {

namespace fs = std::filesystem;

const fs::path project(ABLATE_SOURCE_DIR);

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("the README shows the catalogue as `ablate variants` prints it") {
  const std::string catalogue = ablate::lab::catalogue_markdown(ablate::lab::catalogue());
  CHECK(text_of(project / "README.md").find(catalogue) != std::string::npos);
}

TEST_CASE("the links of every README lead to a file of the project") {
  std::vector<fs::path> readmes = {project / "README.md"};
  for (const auto& entry : fs::recursive_directory_iterator(project / "experiments")) {
    if (entry.path().filename() == "README.md") readmes.push_back(entry.path());
  }
  CHECK(readmes.size() >= 5);
  const std::regex link(R"(\]\(([^)#:]+)\))");
  for (const fs::path& readme : readmes) {
    const std::string text = text_of(readme);
    for (std::sregex_iterator found(text.begin(), text.end(), link), end; found != end; ++found) {
      INFO(readme << ": " << (*found)[1]);
      CHECK(fs::exists(readme.parent_path() / (*found)[1].str()));
    }
  }
}
