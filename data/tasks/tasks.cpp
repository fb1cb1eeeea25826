#include "data/tasks/tasks.h"

#include <array>

#include "data/tasks/generators.h"

namespace ablate::data {
namespace {

constexpr std::array<config::Variant<GenerateTask>, 6> task_rows = {{
    {{"copy", "the source again", "", "seed train dev test min_length max_length vocabulary"}, generate_copy},
    {{"reverse", "the source from last to first", "", "seed train dev test min_length max_length vocabulary"},
     generate_reverse},
    {{"sort", "the numbers of the source in ascending order", "",
      "seed train dev test min_length max_length vocabulary"},
     generate_sort},
    {{"addition", "the sum of two decimal numbers, most significant digit first", "", "seed train dev test digits"},
     generate_addition},
    {{"scan", "navigation commands to action sequences: 20,910 commands of a phrase-structure grammar",
      "Lake and Baroni 2018", "seed dev split"},
     generate_scan},
    {{"listops", "the value of nested MIN, MAX, MED and SM (sum modulo 10) of digits", "Nangia and Bowman 2018",
      "seed train dev test max_depth max_args min_tokens max_tokens parentheses"},
     generate_listops},
}};

constexpr config::VariantTable<GenerateTask> task_table{"task", task_rows};

}  // namespace

const config::VariantTable<GenerateTask>& tasks() { return task_table; }

}  // namespace ablate::data
