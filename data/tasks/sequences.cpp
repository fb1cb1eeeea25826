// Copy, reverse and sort: three targets for the same sequences of symbols.
#include <algorithm>
#include <cmath>

#include "data/tasks/generators.h"

namespace ablate::data {
namespace {

using Symbols = std::vector<std::int64_t>;

std::string join(const Symbols& symbols) {
  std::string text;
  for (const std::int64_t symbol : symbols) {
    if (!text.empty()) text += ' ';
    text += std::to_string(symbol);
  }
  return text;
}

double count_sequences(const TaskOptions& options) {
  double count = 0;
  for (std::int64_t length = options.min_length; length <= options.max_length; ++length) {
    count += std::pow(static_cast<double>(options.vocabulary), static_cast<double>(length));
  }
  return count;
}

template <class Transform>
Splits generate(std::string_view task, const TaskOptions& options, Transform transform) {
  constexpr std::int64_t longest = 100'000;
  check_range(task, "vocabulary", options.vocabulary, 1, 1'000'000);
  check_range(task, "max_length", options.max_length, 1, longest);
  check_range(task, "min_length", options.min_length, 1, options.max_length);
  return draw_splits(task, options, count_sequences(options), [&](SplitMix64& random) {
    Symbols symbols(static_cast<std::size_t>(random.between(options.min_length, options.max_length)));
    for (std::int64_t& symbol : symbols) symbol = random.between<std::int64_t>(0, options.vocabulary - 1);
    std::string source = join(symbols);
    transform(symbols);
    return Pair{std::move(source), join(symbols)};
  });
}

}  // namespace

Splits generate_copy(const TaskOptions& options) {
  return generate("copy", options, [](Symbols&) {});
}

Splits generate_reverse(const TaskOptions& options) {
  return generate("reverse", options, [](Symbols& symbols) { std::ranges::reverse(symbols); });
}

Splits generate_sort(const TaskOptions& options) {
  return generate("sort", options, [](Symbols& symbols) { std::ranges::sort(symbols); });
}

}  // namespace ablate::data
