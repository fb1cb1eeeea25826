#include "data/tokenizers/pipeline/added_tokens.h"

#include <algorithm>
#include <functional>

#include "data/tokenizers/pipeline/text.h"

namespace ablate::data {
namespace {

UChar32 last_character(std::string_view text) {
  UChar32 character = 0;
  std::size_t at = text.size();
  U8_PREV_UNSAFE(text.data(), at, character);
  return character;
}

UChar32 first_character(std::string_view text) {
  UChar32 character = 0;
  std::size_t at = 0;
  U8_NEXT_UNSAFE(text.data(), at, character);
  return character;
}

bool stands_alone(std::string_view text, std::size_t start, std::size_t end) {
  const bool word_before = start > 0 && is_word_character(last_character(text.substr(0, start)));
  const bool word_after = end < text.size() && is_word_character(first_character(text.substr(end)));
  return !word_before && !word_after;
}

/// Where the whitespace begins that ends at `end`.
std::size_t start_of_space(std::string_view text, std::size_t end) {
  while (end > 0) {
    UChar32 character = 0;
    std::size_t at = end;
    U8_PREV_UNSAFE(text.data(), at, character);
    if (u_isUWhiteSpace(character) == 0) break;
    end = at;
  }
  return end;
}

/// Where the whitespace ends that begins at `start`.
std::size_t end_of_space(std::string_view text, std::size_t start) {
  while (start < text.size()) {
    UChar32 character = 0;
    std::size_t at = start;
    U8_NEXT_UNSAFE(text.data(), at, character);
    if (u_isUWhiteSpace(character) == 0) break;
    start = at;
  }
  return start;
}

}  // namespace

std::vector<AddedToken> read_added_tokens(const JsonPart& list) {
  std::vector<AddedToken> tokens;
  for (const JsonPart& item : list.items()) {
    item.check_keys({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
    const bool special = item.flag("special", false);
    tokens.push_back({.id = item.at("id").id(),
                      .content = item.text("content"),
                      .single_word = item.flag("single_word", false),
                      .lstrip = item.flag("lstrip", false),
                      .rstrip = item.flag("rstrip", false),
                      .normalized = item.flag("normalized", !special),
                      .special = special});
    if (tokens.back().content.empty()) item.fail("the token is empty");
  }
  // Of two that become the same when they are normalised, the special one is found.
  std::stable_partition(tokens.begin(), tokens.end(), [](const AddedToken& token) { return token.special; });
  return tokens;
}

void TokenFinder::add(const AddedToken& token, const std::string& content) {
  if (!by_content_.emplace(content, tokens_.size()).second) return;
  tokens_.push_back(token);
  first_bytes_.set(static_cast<unsigned char>(content.front()));
  const auto place = std::lower_bound(lengths_.begin(), lengths_.end(), content.size(), std::greater<>());
  if (place == lengths_.end() || *place != content.size()) lengths_.insert(place, content.size());
}

const AddedToken* TokenFinder::longest_at(std::string_view text, std::size_t start, std::size_t& length) const {
  if (!first_bytes_.test(static_cast<unsigned char>(text[start]))) return nullptr;
  for (const std::size_t candidate : lengths_) {
    if (candidate > text.size() - start) continue;
    const auto found = by_content_.find(text.substr(start, candidate));
    if (found == by_content_.end()) continue;
    length = candidate;
    return &tokens_[found->second];
  }
  return nullptr;
}

std::vector<Section> TokenFinder::split(std::string_view text) const {
  std::vector<Section> sections;
  std::size_t done = 0;
  std::size_t length = 1;
  for (std::size_t at = 0; at < text.size(); at += length) {
    length = 1;
    const AddedToken* token = longest_at(text, at, length);
    if (token == nullptr || (token->single_word && !stands_alone(text, at, at + length))) continue;
    const std::size_t start = token->lstrip ? std::max(start_of_space(text.substr(0, at), at), done) : at;
    const std::size_t end = token->rstrip ? end_of_space(text, at + length) : at + length;
    if (done < start) sections.push_back({std::string(text.substr(done, start - done)), -1});
    sections.push_back({"", token->id});
    done = end;
  }
  if (done < text.size()) sections.push_back({std::string(text.substr(done)), -1});
  return sections;
}

AddedTokens::AddedTokens(const std::vector<AddedToken>& tokens, const Normalizer* normalizer, const JsonPart& place) {
  for (const AddedToken& token : tokens) {
    if (!token.normalized) {
      in_text_.add(token, token.content);
      continue;
    }
    const std::string content = normalizer != nullptr ? normalizer->normalize(token.content) : token.content;
    if (content.empty()) place.fail("the normalizer leaves nothing of the added token '" + token.content + "'");
    in_normalized_.add(token, content);
  }
}

std::vector<Section> AddedTokens::split(std::string_view line, const Normalizer* normalizer) const {
  std::vector<Section> all;
  for (Section& section : in_text_.split(line)) {
    if (section.id >= 0) {
      all.push_back(std::move(section));
      continue;
    }
    const std::string text = normalizer != nullptr ? normalizer->normalize(std::move(section.text)) : section.text;
    for (Section& inner : in_normalized_.split(text)) all.push_back(std::move(inner));
  }
  return all;
}

}  // namespace ablate::data
