// SentencePiece and LibTorch's c10 both define a global with the plain name FLAGS_minloglevel, 32 bytes in
// the one and 4 in the other. A program has one of them, from the library that comes first on the link line.
// If that is c10's, the start of SentencePiece overwrites the variables behind it. See google/sentencepiece,
// issues 905 and 944.
#include <dlfcn.h>
#include <link.h>

#include <cstring>
#include <string>

#include "data/tokenizers/tokenizer.h"
#include "tests/catch.h"

namespace {

/// The path of a loaded library whose file name holds `part`, or "".
std::string loaded_library(const std::string& part) {
  struct Search {
    const std::string& part;
    std::string found;
  } search{part, ""};
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto* search = static_cast<Search*>(data);
        const std::string path = info->dlpi_name;
        if (path.substr(path.rfind('/') + 1).find(search->part) == std::string::npos) return 0;
        search->found = path;
        return 1;
      },
      &search);
  return search.found;
}

/// The library that a symbol of the running program comes from; "" if nothing exports it.
std::string home_of(const char* symbol) {
  void* address = dlsym(RTLD_DEFAULT, symbol);
  Dl_info info{};
  return address != nullptr && dladdr(address, &info) != 0 ? info.dli_fname : "";
}

}  // namespace

TEST_CASE("SentencePiece leaves the flags of c10 alone") {
  REQUIRE(ablate::data::tokenizer_kinds().size() > 0);  // the part of the program that links SentencePiece
  const auto* fatal = static_cast<const bool*>(dlsym(RTLD_DEFAULT, "FLAGS_caffe2_use_fatal_for_enforce"));
  REQUIRE(fatal != nullptr);
  unsigned char byte = 0xFF;
  std::memcpy(&byte, fatal, 1);
  CHECK(int{byte} == 0);
}

TEST_CASE("FLAGS_minloglevel is SentencePiece's own wherever SentencePiece shows it") {
  const std::string library = loaded_library("libsentencepiece.");
  const std::string home = home_of("FLAGS_minloglevel");
  INFO("SentencePiece: " << (library.empty() ? "linked statically" : library));
  INFO("FLAGS_minloglevel: " << home << "; if that is libc10, link sentencepiece before torch");
  if (library.empty()) {
    CHECK(home.find("libc10") != std::string::npos);  // static, with its symbols hidden
  } else {
    CHECK(home.substr(home.rfind('/') + 1) == library.substr(library.rfind('/') + 1));
  }
}
