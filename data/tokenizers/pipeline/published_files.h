#pragma once
// The files in which tokenizers of published models come: the `tokenizer.json` of the library `tokenizers`, and the
// older ones of GPT-2 (`vocab.json` with `merges.txt` beside it) and BERT (`vocab.txt`), out of which one is made.
#include <filesystem>
#include <optional>
#include <string>

namespace ablate::data {

/// The file itself; of a folder its `tokenizer.json`, `vocab.json` or `vocab.txt`, the first that is there. Throws
/// UserError for a folder without any.
std::filesystem::path published_file(const std::filesystem::path& file_or_folder);

/// The `tokenizer.json` that `bytes`, the content of `file`, are or stand for; none if they are of another form.
/// `lowercase` says of a `vocab.txt` whether text is put into small letters, which it does not tell itself, and has no
/// effect on the others. Throws UserError if it is needed and missing or the other way round, and for faults of the
/// older files.
std::optional<std::string> published_json(std::string bytes, const std::filesystem::path& file,
                                          std::optional<bool> lowercase);

}  // namespace ablate::data
