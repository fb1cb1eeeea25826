#include "data/labelled_ids.h"

namespace ablate::data {

std::vector<std::int32_t> source_ids(const Tokenizer& tokenizer, std::string_view text,
                                     std::optional<std::string_view> second) {
  std::vector<std::int32_t> ids = tokenizer.encode(text);
  if (!second) return ids;
  const std::vector<std::int32_t> more = tokenizer.encode(*second);
  ids.push_back(static_cast<std::int32_t>(tokenizer.specials().eos));
  ids.insert(ids.end(), more.begin(), more.end());
  return ids;
}

std::vector<std::int32_t> labelled_ids(const Tokenizer& tokenizer, std::string_view line) {
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos) return tokenizer.encode(line);
  return source_ids(tokenizer, line.substr(0, tab), line.substr(tab + 1));
}

}  // namespace ablate::data
