#pragma once
// What the paper printed, beside what was measured: a row of an experiment file may carry
// "paper": {"bleu": 25.8, "perplexity@dev": 4.92, "params": "65 M"}.
#include "experiments/lab/table.h"
#include "transformer/config/json.h"

#include <string>
#include <vector>

namespace ablate::lab {

/// What is wrong with a row's paper figures, a sentence each: they are an object of headings, each with a number, a
/// text or null. A row without them has null or an empty object.
std::vector<std::string> paper_mistakes(const Json& paper);

/// Adds a column of text for each heading of `papers`, which holds what each row of the table carries. A heading that
/// means a column of the table, by its key (bleu@test), the name of its metric (bleu) or its own heading (BLEU), stands
/// beside that column as "paper"; one that means none, or could mean several, stands at the end in the group "paper".
/// Keys are "paper:HEADING". Numbers print with the digits of the JSON file, except for zeros at their end: 25.80 has
/// to be written as text. UserError, beginning with `source`, for what paper_mistakes() finds and for two headings that
/// mean the same column.
void add_paper_columns(Table& table, const std::vector<Json>& papers, const std::string& source);

}  // namespace ablate::lab
