// ListOps (Nangia and Bowman 2018): nested list operations on digits; the target is the value, one digit.
//
//   source  [MAX 2 9 [MIN 4 7 ] 0 ]        target  9
//
// The published process, with its parameters as defaults: a node is an operator with probability 1/4 and a
// uniform digit otherwise, and at level max_depth always a digit; the operator is uniform over MIN, MAX, MED
// and SM, its number of arguments uniform over 2 ... max_args; expressions are distinct. With 100,000 of them
// in all, as published, an expression has 43 tokens on average, or 127 with the grouping parentheses; in
// smaller sets they are shorter, since fewer draws are turned down as repeats. Expressions shorter than
// min_tokens or longer than max_tokens are drawn again (500 to 2000 tokens at max_depth 10 and max_args 10
// give long-range sets as in Tay et al. 2021).
//
// Departures: train, dev and test are of any size (published: 90,000, none and 10,000), and expressions have
// a limit in tokens (the default turns down fewer than one in a million).
#include <algorithm>
#include <array>
#include <numeric>

#include "data/tasks/generators.h"

namespace ablate::data {
namespace {

using Digits = std::vector<int>;

struct Operator {
  std::string_view token;
  int (*apply)(Digits& arguments);
};

int minimum(Digits& arguments) { return std::ranges::min(arguments); }

int maximum(Digits& arguments) { return std::ranges::max(arguments); }

/// The integer part of the median, which for an even number of arguments is the mean of the middle two.
int median(Digits& arguments) {
  std::ranges::sort(arguments);
  const std::size_t count = arguments.size();
  return (arguments[(count - 1) / 2] + arguments[count / 2]) / 2;
}

int sum_modulo_10(Digits& arguments) { return std::accumulate(arguments.begin(), arguments.end(), 0) % 10; }

constexpr std::array<Operator, 4> operators = {{
    {"[MIN", minimum},
    {"[MAX", maximum},
    {"[MED", median},
    {"[SM", sum_modulo_10},
}};

/// Draws one expression from the root down, and writes it as it goes.
class Expression {
 public:
  Expression(const TaskOptions& options, SplitMix64& random) : options_(options), random_(random) {
    value_ = draw_node(1);
  }

  bool fits() const { return tokens_ >= options_.min_tokens && tokens_ <= options_.max_tokens; }
  Pair pair() && { return {std::move(text_), std::to_string(value_)}; }

 private:
  int draw_node(std::int64_t level) {
    if (tokens_ > options_.max_tokens) return 0;  // turned down already: no need to finish it
    if (level == options_.max_depth || random_.below(4) != 0) {
      const int digit = random_.between(0, 9);
      write(std::to_string(digit));
      return digit;
    }
    return draw_operation(level);
  }

  int draw_operation(std::int64_t level) {
    const Operator& chosen = operators[random_.below(operators.size())];
    Digits arguments(static_cast<std::size_t>(random_.between<std::int64_t>(2, options_.max_args)));
    for (std::size_t open = 0; open <= arguments.size(); ++open) write_grouping("(");
    write(chosen.token);
    for (int& argument : arguments) {
      argument = draw_node(level + 1);
      write_grouping(")");
    }
    write("]");
    write_grouping(")");
    return chosen.apply(arguments);
  }

  void write(std::string_view token) {
    append(token);
    ++tokens_;
  }

  void write_grouping(std::string_view parenthesis) {
    if (options_.parentheses) append(parenthesis);
  }

  void append(std::string_view token) {
    if (!text_.empty()) text_ += ' ';
    text_ += token;
  }

  const TaskOptions& options_;
  SplitMix64& random_;
  std::string text_;
  std::int64_t tokens_ = 0;
  int value_ = 0;
};

/// Number of expressions of any length: N(max_depth) = 10, N(level) = 10 + 4 sum_k N(level + 1)^k.
double count_expressions(const TaskOptions& options) {
  double count = 10;
  for (std::int64_t level = options.max_depth; level > 1; --level) {
    double power = count;
    double lists = 0;
    for (std::int64_t arguments = 2; arguments <= options.max_args; ++arguments) lists += power *= count;
    count = 10 + static_cast<double>(operators.size()) * lists;
  }
  return count;
}

}  // namespace

Splits generate_listops(const TaskOptions& options) {
  check_range("listops", "max_depth", options.max_depth, 1, 100);
  check_range("listops", "max_args", options.max_args, 2, 100);
  check_range("listops", "max_tokens", options.max_tokens, 1, 100'000);
  check_range("listops", "min_tokens", options.min_tokens, 1, options.max_tokens);
  return draw_splits("listops", options, count_expressions(options), [&](SplitMix64& random) -> std::optional<Pair> {
    Expression expression(options, random);
    if (!expression.fits()) return std::nullopt;
    return std::move(expression).pair();
  });
}

}  // namespace ablate::data
