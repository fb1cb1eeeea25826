#include "experiments/lab/stored_run.h"

#include "data/tokenizers/vocabulary.h"
#include "experiments/lab/run_folder.h"
#include "transformer/config/reader.h"
#include "transformer/core/error.h"

#include <span>

namespace ablate::lab {
namespace fs = std::filesystem;
namespace {

/// The tokenizer of an imported model, whose own file says which symbols it begins, ends and pads with, and which may
/// have more rows for words than there are pieces.
class ImportedTokenizer final : public data::Tokenizer {
 public:
  ImportedTokenizer(std::shared_ptr<const data::Tokenizer> own, const Json& imported, std::int64_t vocabulary)
      : own_(std::move(own)), specials_(own_->specials()) {
    const auto given = [&](const char* key, std::int64_t fallback) {
      const Json id = imported.value(key, Json());
      return id.is_null() ? fallback : id.get<std::int64_t>();
    };
    const auto known = [&](std::int64_t id, std::int64_t fallback) { return id < vocabulary ? id : fallback; };
    specials_.eos = given("end", known(specials_.eos, 0));
    specials_.bos = given("start", known(specials_.bos, specials_.eos));
    // Where nothing is for padding, it is what ends a text, which every such model may say.
    specials_.pad = given("pad", known(specials_.pad, specials_.eos));
  }
  std::vector<std::int32_t> encode(std::string_view line) const override { return own_->encode(line); }
  std::string decode(std::span<const std::int32_t> ids) const override {
    std::vector<std::int32_t> pieces;
    for (const std::int32_t id : ids) {
      if (is_piece(id)) pieces.push_back(id);
    }
    return own_->decode(pieces);
  }
  std::string piece(std::int32_t id) const override {
    return id < own_->size() ? own_->piece(id) : "#" + std::to_string(id);
  }
  std::int64_t size() const override { return own_->size(); }
  data::Specials specials() const override { return specials_; }
  std::optional<std::int64_t> mask() const override { return own_->mask(); }
  bool begins_word(std::int32_t id) const override { return !is_piece(id) || own_->begins_word(id); }
  std::string serialize() const override { return own_->serialize(); }
  std::string extension() const override { return own_->extension(); }

 private:
  /// The symbols of the model stand by themselves, and so do rows that no piece has.
  bool is_piece(std::int32_t id) const { return !data::is_control(specials_, id) && id < own_->size(); }

  std::shared_ptr<const data::Tokenizer> own_;
  data::Specials specials_;
};

/// The file of a run's tokenizer, "" if it has none of that name.
fs::path tokenizer_file(const fs::path& folder, const std::string& stem) {
  for (const char* extension : {".model", ".vocab.json", ".json"}) {
    if (fs::path file = folder / (stem + extension); fs::exists(file)) return file;
  }
  return {};
}

fs::path required_tokenizer_file(const fs::path& folder, const std::string& stem) {
  fs::path found = tokenizer_file(folder, stem);
  if (found.empty()) throw UserError(folder.string() + ": the run's " + stem + " is missing");
  return found;
}

/// One that `import` wrote: with one vocabulary, or classes beside it, and perhaps without a tokenizer.
void read_imported_sides(StoredRun& run, const Json& stored) {
  const Json& sizes = stored.at("vocabulary");
  const Json& imported = stored.at("imported");
  run.vocabulary = {sizes.at("source").get<std::int64_t>(), sizes.at("target").get<std::int64_t>(),
                    sizes.at("pad").get<std::int64_t>()};
  run.reads_pairs = imported.value("ends_between_texts", std::int64_t{1}) == 1;
  const auto imported_side = [&](const fs::path& file) {
    return std::make_shared<ImportedTokenizer>(data::load_tokenizer(file), imported, run.vocabulary.source_size);
  };
  run.source_file = run.target_file = tokenizer_file(run.folder, "tokenizer");
  if (!run.source_file.empty()) {
    run.source = run.target = imported_side(run.source_file);
  } else if (fs::path file = tokenizer_file(run.folder, "source_tokenizer"); !file.empty()) {
    run.source_file = std::move(file);
    run.target_file = required_tokenizer_file(run.folder, "target_tokenizer");
    run.source = imported_side(run.source_file);
    run.target = imported_side(run.target_file);
  }
  if (!run.config.labels()) return;
  run.target_file = required_tokenizer_file(run.folder, "target_tokenizer");
  run.target = data::load_tokenizer(run.target_file);
}

void read_own_sides(StoredRun& run, bool joint) {
  run.source_file = required_tokenizer_file(run.folder, joint ? "tokenizer" : "source_tokenizer");
  run.target_file = joint ? run.source_file : required_tokenizer_file(run.folder, "target_tokenizer");
  run.source = data::load_tokenizer(run.source_file);
  run.target = run.source;
  if (!joint) run.target = data::load_tokenizer(run.target_file);
  run.vocabulary = {data::vocabulary_size(*run.source, run.config.objective),
                    data::vocabulary_size(*run.target, run.config.objective), run.source->specials().pad};
  run.marks = data::marks_of(*run.source, run.config.objective);
}

}  // namespace

StoredRun::StoredRun(fs::path path) : folder(std::move(path)) {
  const RunFolder run(folder);
  const Json stored = run.config();
  result = run.result();
  const RunState state = state_of(result, true);
  if (state != RunState::finished && state != RunState::diverged) {
    throw UserError(folder.string() + ": the run has not finished training: `ablate run` goes on with it");
  }
  try {
    config::read_strictly(config, stored.at("config"), (folder / "config.json").string());
  } catch (const UserError& error) {
    throw UserError(folder.string() +
                    ": trained by a version of this program that knew other settings; train it again:\n" +
                    error.what());
  }
  if (stored.contains("imported")) {
    read_imported_sides(*this, stored);
  } else {
    read_own_sides(*this, stored.at("vocabulary").at("joint").get<bool>());
  }
}

}  // namespace ablate::lab
