#pragma once
// Small words that notes, messages and commands are put together from.
#include <string>
#include <vector>

namespace ablate::lab {

/// "a, b, c"
std::string joined(const std::vector<std::string>& items, const std::string& separator);

bool is_among(const std::vector<std::string>& list, const std::string& item);

/// The first `most` of them, and how many more there are: "a; b; and 3 more".
std::string joined(const std::vector<std::string>& items, const std::string& separator, std::size_t most);

/// A word as a POSIX shell reads it back: in quotes where it must be.
std::string shell_word(const std::string& word);

/// The words of a command, each as shell_word() writes it.
std::string shell_words(const std::vector<std::string>& words);

}  // namespace ablate::lab
