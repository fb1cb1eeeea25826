#include "experiments/lab/text.h"

#include <algorithm>

namespace ablate::lab {

bool is_among(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

std::string joined(const std::vector<std::string>& items, const std::string& separator) {
  return joined(items, separator, items.size());
}

std::string joined(const std::vector<std::string>& items, const std::string& separator, std::size_t most) {
  std::string text;
  std::size_t count = 0;
  for (const std::string& item : items) {
    if (count == most) break;
    text += (count++ == 0 ? "" : separator) + item;
  }
  return items.size() <= most ? text : text + separator + "and " + std::to_string(items.size() - most) + " more";
}

std::string shell_word(const std::string& word) {
  const bool is_plain = !word.empty() && word.find_first_not_of(
                                             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                             "0123456789_-+=./,:@%") == std::string::npos;
  if (is_plain) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string shell_words(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) quoted.push_back(shell_word(word));
  return joined(quoted, " ");
}

}  // namespace ablate::lab
