#include "data/objective_symbols.h"

#include <algorithm>
#include <map>

#include "transformer/core/error.h"

namespace ablate::data {
namespace {

constexpr std::int64_t usual_sentinels = 100;

std::string sentinel_name(std::size_t i) { return "<extra_id_" + std::to_string(i) + ">"; }

/// The sentinels of the vocabulary itself, in their order.
std::vector<std::int32_t> own_sentinels(const Tokenizer& tokenizer) {
  std::map<std::string, std::int32_t> found;
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    const std::string piece = tokenizer.piece(id);
    if (piece.starts_with("<extra_id_")) found.emplace(piece, id);
  }
  std::vector<std::int32_t> ids;
  for (auto place = found.find(sentinel_name(0)); place != found.end(); place = found.find(sentinel_name(ids.size()))) {
    ids.push_back(place->second);
  }
  return ids;
}

/// All that an objective needs.
Marks symbols_of(const Tokenizer& tokenizer, const ObjectiveConfig& objective) {
  const auto symbols = objective.traits().symbols;
  return symbols != nullptr ? symbols(tokenizer, objective) : Marks{};
}

const Mark* mark_with(const Marks& marks, std::int32_t id) {
  const auto found = std::ranges::find(marks, id, &Mark::id);
  return found == marks.end() ? nullptr : &*found;
}

/// Puts a space between two texts if there is none yet.
void append_apart(std::string& text, std::string_view more) {
  if (!text.empty() && !more.empty() && text.back() != ' ' && more.front() != ' ') text += ' ';
  text += more;
}

}  // namespace

std::int64_t mask_id(const Tokenizer& tokenizer) { return tokenizer.mask().value_or(tokenizer.size()); }

std::vector<std::int32_t> sentinel_ids(const Tokenizer& tokenizer, const ObjectiveConfig& objective) {
  std::vector<std::int32_t> ids = own_sentinels(tokenizer);
  if (!ids.empty()) {
    const auto count = static_cast<std::size_t>(objective.sentinels.value_or(static_cast<std::int64_t>(ids.size())));
    if (count > ids.size()) {
      throw UserError("objective.sentinels: " + std::to_string(count) + " are asked for, and the tokenizer has " +
                      std::to_string(ids.size()) + " of its own: ask for no more");
    }
    ids.resize(count);
    return ids;
  }
  const std::int64_t count = objective.sentinels.value_or(usual_sentinels);
  for (std::int64_t i = count; i-- > 0;) ids.push_back(static_cast<std::int32_t>(tokenizer.size() + i));
  return ids;
}

Marks mask_symbols(const Tokenizer& tokenizer, const ObjectiveConfig&) {
  return {Mark{"<mask>", static_cast<std::int32_t>(mask_id(tokenizer))}};
}

Marks sentinel_symbols(const Tokenizer& tokenizer, const ObjectiveConfig& objective) {
  Marks marks;
  for (const std::int32_t id : sentinel_ids(tokenizer, objective)) marks.push_back({sentinel_name(marks.size()), id});
  return marks;
}

std::int64_t vocabulary_size(const Tokenizer& tokenizer, const ObjectiveConfig& objective) {
  std::int64_t last = tokenizer.size() - 1;
  for (const Mark& symbol : symbols_of(tokenizer, objective)) last = std::max<std::int64_t>(last, symbol.id);
  return last + 1;
}

Marks marks_of(const Tokenizer& tokenizer, const ObjectiveConfig& objective) {
  return corrupts(objective) ? symbols_of(tokenizer, objective) : Marks{};
}

std::vector<std::int32_t> encode_marked(const Tokenizer& tokenizer, const Marks& marks, std::string_view line) {
  std::vector<std::int32_t> ids;
  const auto read = [&](std::string_view text) {
    if (text.empty()) return;
    const std::vector<std::int32_t> more = tokenizer.encode(text);
    ids.insert(ids.end(), more.begin(), more.end());
  };
  while (true) {
    const Mark* next = nullptr;
    std::size_t place = std::string_view::npos;
    for (const Mark& mark : marks) {
      const std::size_t found = line.find(mark.text);
      if (found < place) {
        place = found;
        next = &mark;
      }
    }
    if (next == nullptr) break;
    read(line.substr(0, place));
    ids.push_back(next->id);
    line.remove_prefix(place + next->text.size());
  }
  read(line);
  return ids;
}

std::string decode_marked(const Tokenizer& tokenizer, const Marks& marks, std::span<const std::int32_t> ids) {
  std::string text;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Mark* const mark = mark_with(marks, ids[i]);
    if (mark == nullptr) continue;
    if (begin < i) append_apart(text, tokenizer.decode(ids.subspan(begin, i - begin)));
    append_apart(text, mark->text);
    begin = i + 1;
  }
  if (begin < ids.size()) append_apart(text, tokenizer.decode(ids.subspan(begin)));
  return text;
}

std::string marked_piece(const Tokenizer& tokenizer, const Marks& marks, std::int32_t id) {
  const Mark* const mark = mark_with(marks, id);
  return mark != nullptr ? mark->text : tokenizer.piece(id);
}

}  // namespace ablate::data
