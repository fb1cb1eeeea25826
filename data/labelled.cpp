#include "data/labelled.h"

#include <algorithm>
#include <stdexcept>

#include "data/tokenizers/labels.h"

namespace ablate::data {

std::vector<std::int32_t> cut_texts(std::span<const std::int32_t> ids, std::int32_t eos, std::int64_t most) {
  if (most < 1) return {};
  const auto middle = std::ranges::find(ids, eos);
  const bool has_second = middle != ids.end();
  auto first = static_cast<std::int64_t>(middle - ids.begin());
  auto second = static_cast<std::int64_t>(ids.size()) - first - (has_second ? 1 : 0);
  const std::int64_t room = std::max<std::int64_t>(0, most - (has_second ? 1 : 0));
  if (const std::int64_t more = first + second - room; more > 0) {
    // The longer one is cut down to the other, what is still too much goes from both in turn.
    const std::int64_t alone = std::min(more, std::abs(first - second)), rest = more - alone;
    (first > second ? first : second) -= alone;
    first -= rest / 2;
    second -= rest - rest / 2;
  }
  std::vector<std::int32_t> kept(ids.begin(), ids.begin() + std::max<std::int64_t>(0, first));
  if (has_second) {
    kept.push_back(eos);
    kept.insert(kept.end(), middle + 1, middle + 1 + std::max<std::int64_t>(0, second));
  }
  return kept;
}

Batch collate_labelled(std::span<const LabelledText> texts, const BatchSymbols& symbols, Content content) {
  if (texts.empty()) throw std::invalid_argument("collate_labelled: a batch needs at least one text");
  const auto rows = static_cast<std::int64_t>(texts.size());
  const auto longest = static_cast<std::int64_t>(
      std::ranges::max(texts, {}, [](const LabelledText& text) { return text.ids.size(); }).ids.size());
  const std::int64_t width = longest + symbols_around_text;
  Batch batch;
  batch.source = at::full({rows, width}, symbols.source_pad, at::kLong);
  Tensor types = at::zeros({rows, width}, at::kLong);
  auto* cell = batch.source.mutable_data_ptr<std::int64_t>();
  auto* type = types.mutable_data_ptr<std::int64_t>();
  bool has_pairs = false;
  std::vector<std::int64_t> classes;
  std::vector<float> values;
  for (const LabelledText& text : texts) {
    *cell = symbols.source_bos;
    *std::ranges::copy(text.ids, cell + 1).out = symbols.source_eos;
    const auto middle = std::ranges::find(text.ids, static_cast<std::int32_t>(symbols.source_eos));
    if (middle != text.ids.end()) {
      has_pairs = true;
      std::fill(type + 2 + (middle - text.ids.begin()), type + text.ids.size() + symbols_around_text, 1);
    }
    batch.source_tokens += static_cast<std::int64_t>(text.ids.size()) + symbols_around_text;
    batch.index.push_back(text.index);
    if (content == Content::classes) classes.push_back(text.label);
    if (content == Content::numbers) values.push_back(number_of(text.label));
    cell += width;
    type += width;
  }
  if (has_pairs) batch.source_types = types;
  if (content == Content::classes) batch.target_output = at::tensor(classes, at::kLong).unsqueeze(1);
  if (content == Content::numbers) batch.values = at::tensor(values, at::kFloat).unsqueeze(1);
  batch.target_tokens = rows;
  return batch;
}

}  // namespace ablate::data
