// Catch2, version 2 or 3, whichever is installed, and what our tests add to it. Every test includes this file
// and no header of Catch2 itself.
#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_approx.hpp>
#include <catch2/catch_message.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/catch_tostring.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <catch2/matchers/catch_matchers_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace ablate::testing {

// What the std::exception says that the callable throws; empty where it throws none. Other exceptions pass.
template <typename Callable>
std::optional<std::string> thrown_message(Callable&& callable) {
  try {
    callable();
  } catch (const std::exception& error) {
    return error.what();
  }
  return std::nullopt;
}

inline bool mentions(const std::optional<std::string>& message, std::string_view wanted) {
  return message && message->find(wanted) != std::string::npos;
}

}  // namespace ablate::testing

// Checks that the expression throws a std::exception whose message contains the text. An expression with a
// comma outside of parentheses needs parentheses around it.
#define CHECK_THROWS_MENTION(expression, substring)                                                         \
  do {                                                                                                      \
    const auto thrown_message_ = ::ablate::testing::thrown_message([&] { static_cast<void>(expression); }); \
    INFO("the message is to mention: " << (substring));                                                     \
    INFO("thrown: " << thrown_message_.value_or("nothing"));                                                \
    CHECK(::ablate::testing::mentions(thrown_message_, substring));                                         \
  } while (false)
