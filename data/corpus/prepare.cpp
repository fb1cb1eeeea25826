// From text to the cache: train the tokenizers, encode every split, put the folder in its place.
#include <nlohmann/json.hpp>

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>

#include "data/corpus.h"
#include "data/corpus/manifest.h"
#include "data/corpus/pairs.h"
#include "data/files/new_folders.h"
#include "data/files/sha256.h"
#include "data/labelled_ids.h"
#include "data/tokenizers/labels.h"
#include "transformer/config/writer.h"
#include "transformer/core/atomic_file.h"
#include "transformer/core/error.h"

namespace ablate::data {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t report_every = 1'000'000;

using TokenizerPtr = std::unique_ptr<Tokenizer>;

struct Tokenizers {
  TokenizerPtr source;
  TokenizerPtr target;  ///< empty if joint
  const Tokenizer& of_target() const { return target ? *target : *source; }
};

/// Source and target lines of the training pairs, either or both; of labelled texts one text after the other.
class PairLines {
 public:
  PairLines(Pairs& pairs, bool source, bool target) : reader_(pairs.open("train")), source_(source), target_(target) {}
  bool operator()(std::string& line) {
    if (waiting_.empty()) {
      if (!reader_->next(pair_)) return false;
      if (target_) waiting_.push_back(&pair_.target);
      if (source_ && pair_.second) waiting_.push_back(&*pair_.second);
      if (source_) waiting_.push_back(&pair_.source);
    }
    line = *waiting_.back();
    waiting_.pop_back();
    return true;
  }

 private:
  std::unique_ptr<PairReader> reader_;
  bool source_;
  bool target_;
  RawPair pair_;
  std::vector<const std::string*> waiting_;  ///< lines of the pair, the next one last
};

/// Running text line by line, each with its end: to some tokenizers that is a character like any other.
class TextLines {
 public:
  explicit TextLines(Pairs& pairs) : reader_(pairs.open("train")) {}
  bool operator()(std::string& line) {
    while (at_ == document_.target.size()) {
      if (!reader_->next(document_)) return false;
      at_ = 0;
    }
    const std::size_t end = document_.target.find('\n', at_);
    line = document_.target.substr(at_, end == std::string::npos ? end : end + 1 - at_);
    at_ += line.size();
    return true;
  }

 private:
  std::unique_ptr<PairReader> reader_;
  RawPair document_;
  std::size_t at_ = 0;
};

[[noreturn]] void fail_empty(Pairs& pairs, const std::string& split, const char* lack) {
  throw UserError(pairs.origin(split) + ": the corpus is empty: the split '" + split + "' has " + lack);
}

/// Reads every split that has files of its own: what is wrong with a small file must not be found out after hours with
/// the large one. What comes out of the training files is read with them.
void check_splits(Pairs& pairs) {
  for (const std::string& split : pairs.split_names()) {
    const auto reader = pairs.open(split);
    RawPair pair;
    if (!reader->next(pair)) fail_empty(pairs, split, pairs.content() == Content::text ? "no text" : "no pairs");
    const bool is_apart = pairs.origin(split) != pairs.origin("train");
    while (is_apart && reader->next(pair)) {
    }
  }
}

TokenizerPtr train(const TokenizerConfig& config, Pairs& pairs, bool source, bool target) {
  // The stream is opened by the first call: an existing model needs none.
  NextLine lines;
  bool is_reading = false;
  try {
    return train_tokenizer(config, [&](std::string& line) {
      is_reading = true;
      if (!lines && pairs.content() == Content::text) {
        lines = [text = std::make_shared<TextLines>(pairs)](std::string& next) { return (*text)(next); };
      } else if (!lines) {
        lines = [both = std::make_shared<PairLines>(pairs, source, target)](std::string& next) {
          return (*both)(next);
        };
      }
      const bool more = lines(line);
      is_reading = false;
      return more;
    });
  } catch (const UserError& error) {
    if (is_reading || config.model) throw;
    throw UserError(pairs.origin("train") + ": data.tokenizer: " + error.what());
  }
}

/// What stands for the labels of a corpus: all classes are those of the training set.
TokenizerPtr label_tokenizer(Pairs& pairs) {
  if (pairs.content() == Content::numbers) return make_numbers();
  std::set<std::string> names;
  const auto reader = pairs.open("train");
  for (RawPair pair; reader->next(pair);) names.insert(pair.target);
  try {
    return make_labels(names);
  } catch (const UserError& error) {
    throw UserError(pairs.origin("train") + ": " + error.what());
  }
}

Tokenizers train_tokenizers(const TokenizerConfig& config, Pairs& pairs, const Log& log) {
  log(config.model ? "reading the tokenizer" : "training the tokenizer (" + config.kind + ")");
  Tokenizers tokenizers;
  if (is_labelled(pairs.content())) {
    tokenizers.source = train(config, pairs, true, false);
    tokenizers.target = label_tokenizer(pairs);
    return tokenizers;
  }
  tokenizers.source = train(config, pairs, true, config.joint);
  if (!config.joint) tokenizers.target = train(config.for_target(), pairs, false, true);
  return tokenizers;
}

void report(const std::string& split, const SplitWriter& writer, Content content, const Log& log) {
  const std::string count = std::to_string(writer.size());
  if (content == Content::pairs) return log(split + ": " + count + " pairs");
  if (is_labelled(content)) return log(split + ": " + count + " texts");
  log(split + ": " + count + (writer.size() == 1 ? " document, " : " documents, ") +
      std::to_string(writer.target_tokens()) + " tokens");
}

std::vector<std::int32_t> target_ids(const Tokenizers& tokenizers, const RawPair& pair, const std::string& origin) {
  try {
    return tokenizers.of_target().encode(pair.target);
  } catch (const UserError& error) {
    throw UserError(origin + ":" + std::to_string(pair.line) + ": " + error.what());
  }
}

void encode_split(const std::string& split, Pairs& pairs, const Tokenizers& tokenizers, const fs::path& folder,
                  const Log& log) {
  SplitWriter writer(folder / split_file(split));
  const auto reader = pairs.open(split);
  const bool is_text = pairs.content() == Content::text;
  for (RawPair pair; reader->next(pair);) {
    const auto source = source_ids(*tokenizers.source, pair.source, pair.second);
    if (pair.second) pair.source += '\t' + *pair.second;
    const auto target = target_ids(tokenizers, pair, pairs.origin(split));
    // A document without a token is one as well: an empty line of a corpus that ends its lines.
    if (split == "train" && !is_text && (source.empty() || target.empty())) {
      writer.skip();
      continue;
    }
    writer.add(source, target, pair.source, pair.target);
    if (writer.size() % report_every == 0) report(split, writer, pairs.content(), log);
  }
  if (writer.size() == 0) fail_empty(pairs, split, "no pair with text on both sides");
  if (is_text && writer.target_tokens() == 0) fail_empty(pairs, split, "no text");
  writer.finish();
  report(split, writer, pairs.content(), log);
  if (writer.skipped() > 0) {
    log("warning: " + split + ": " + std::to_string(writer.skipped()) + " pairs with an empty side were left out");
  }
}

StoredTokenizer store(const Tokenizer& tokenizer, const std::string& name, const fs::path& folder) {
  const std::string bytes = tokenizer.serialize();
  const std::string file = name + tokenizer.extension();
  write_file_atomically(folder / file, bytes);
  return {file, sha256(bytes)};
}

/// True for ".NAME.tmp-PID-N" (temporary_name()) if no process has the number PID.
bool is_forsaken(const std::string& name) {
  constexpr std::string_view mark = ".tmp-";
  const std::size_t at = name.rfind(mark);
  if (!name.starts_with('.') || at == std::string::npos) return false;
  pid_t process = 0;
  const char* const end = name.data() + name.size();
  const auto [after, error] = std::from_chars(name.data() + at + mark.size(), end, process);
  if (error != std::errc() || after == end || *after != '-' || process <= 0) return false;
  return ::kill(process, 0) != 0 && errno == ESRCH;
}

/// Removes what processes that were killed while they prepared a corpus left in the cache.
void remove_forsaken(const fs::path& cache) {
  std::error_code ignored;
  for (fs::directory_iterator entry(cache, ignored), end; entry != end; entry.increment(ignored)) {
    if (is_forsaken(entry->path().filename().string())) fs::remove_all(entry->path(), ignored);
  }
}

/// A folder that is removed unless it has been given its name, and with it the cache if it is new and empty.
class BuildFolder {
 public:
  explicit BuildFolder(const fs::path& place)
      : parents_(place.parent_path()), place_(place), folder_(temporary_name(place)) {
    make_folders(folder_);
  }
  ~BuildFolder() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  const fs::path& path() const { return folder_; }

  /// If another process was faster, its folder stays: it holds the same.
  void put_in_place() {
    sync_folder(folder_);
    if (std::rename(folder_.c_str(), place_.c_str()) != 0 && errno != ENOTEMPTY && errno != EEXIST) {
      throw RunError("cannot create " + place_.string() + ": " + std::strerror(errno));
    }
    sync_folder(place_.parent_path());
  }

 private:
  NewFolders parents_;
  fs::path place_;
  fs::path folder_;
};

void build(Pairs& pairs, const TokenizerConfig& config, const Json& made_from, const fs::path& place, const Log& log) {
  BuildFolder folder(place);
  check_splits(pairs);
  const Tokenizers tokenizers = train_tokenizers(config, pairs, log);
  Manifest manifest{.content = pairs.content(), .splits = pairs.split_names(), .tokenizers = {}};
  for (const std::string& split : manifest.splits) encode_split(split, pairs, tokenizers, folder.path(), log);
  manifest.tokenizers.push_back(
      store(*tokenizers.source, tokenizers.target ? "source_tokenizer" : "tokenizer", folder.path()));
  if (tokenizers.target) manifest.tokenizers.push_back(store(*tokenizers.target, "target_tokenizer", folder.path()));
  write_manifest(folder.path(), manifest, made_from);
  folder.put_in_place();
}

std::optional<Corpus> open_if_sound(const fs::path& place, const Log& log) {
  if (!fs::exists(place)) return std::nullopt;
  try {
    return Corpus(place);
  } catch (const Error& error) {
    log("warning: the prepared corpus cannot be used and is built again: " + std::string(error.what()));
  }
  // Moved aside first: another process may have a sound file of it open, and none may find it half removed.
  const fs::path aside = temporary_name(place);
  if (std::rename(place.c_str(), aside.c_str()) == 0) {
    std::error_code ignored;
    fs::remove_all(aside, ignored);
  }
  return std::nullopt;
}

TokenizerConfig with_paths(TokenizerConfig config, const fs::path& folder) {
  for (auto* model : {&config.model, &config.target_model}) {
    if (*model) *model = (folder / **model).string();
  }
  return config;
}

/// The configuration with the content of named models in place of their paths: of what they come to, for some are read
/// from several files.
Json tokenizer_fingerprint(const TokenizerConfig& config) {
  TokenizerConfig named = config;
  if (config.model) named.model = sha256(stored_tokenizer(config));
  if (config.target_model) named.target_model = sha256(stored_tokenizer(config.for_target()));
  return config::Writer::write(named);
}

/// Settings of pairs have no effect on text and on labelled texts.
void check_text_settings(const DataConfig& config, const Pairs& text) {
  const auto fail = [&](const std::string& key, const std::string& why) {
    throw UserError(text.origin("train") + ": " + key + ": " + why);
  };
  const std::string what = is_labelled(text.content()) ? "labelled texts have" : "running text has";
  if (config.reverse) fail("data.reverse", "has no effect: " + what + " no other side to swap with");
  if (!config.tokenizer.joint) fail("data.tokenizer.joint", "must be true: " + what + " one side");
}

}  // namespace

Corpus prepare_corpus(const DataConfig& config, const CorpusPaths& paths, const Log& log) {
  if (const std::string missing = config.missing(); !missing.empty()) throw UserError(missing);
  const auto pairs = find_pairs(config, paths);
  if (pairs->content() != Content::pairs) check_text_settings(config, *pairs);
  const TokenizerConfig tokenizer = with_paths(config.tokenizer, paths.experiment_folder);
  const Json made_from = {
      {"format", cache_format}, {"pairs", pairs->fingerprint()}, {"tokenizer", tokenizer_fingerprint(tokenizer)}};
  const fs::path place = paths.cache_folder / sha256(made_from.dump()).substr(0, 32);
  remove_forsaken(paths.cache_folder);
  if (auto found = open_if_sound(place, log)) return std::move(*found);
  build(*pairs, tokenizer, made_from, place, log);
  return Corpus(place);
}

}  // namespace ablate::data
