#include "experiments/lab/run_folder.h"

#include "experiments/lab/identity.h"
#include "transformer/core/atomic_file.h"
#include "transformer/core/error.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cctype>
#include <cstring>

namespace ablate::lab {
namespace fs = std::filesystem;
namespace {

/// Letters, digits and single dashes: readable in a shell, never a path.
std::string slug(const std::string& label) {
  std::string text;
  for (const char c : label) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!text.empty() && text.back() != '-') {
      text += '-';
    }
  }
  while (!text.empty() && text.back() == '-') text.pop_back();
  return text.substr(0, 60);
}

fs::path find_by_hash(const fs::path& out, const std::string& hash) {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(out, ignored)) {
    if (entry.is_directory() && entry.path().filename().string().ends_with("." + hash)) return entry.path();
  }
  return {};
}

/// AtomicFile's temporary files: while the lock is held nobody else writes here.
void remove_half_written(const fs::path& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.') && name.find(".tmp-") != std::string::npos) fs::remove(entry.path());
  }
}

void store_tokenizer(const data::Tokenizer& tokenizer, const fs::path& stem) {
  write_file_atomically(stem.string() + tokenizer.extension(), tokenizer.serialize());
}

Json config_json(const PreparedRow& row, std::int64_t seed, const std::string& hash) {
  return {{"hash", hash},
          {"mathematics", mathematics_version},
          {"label", row.row->label},
          {"seed", seed},
          {"data_hash", row.corpus->content_hash()},
          {"vocabulary",
           {{"source", row.vocabulary.source_size},
            {"target", row.vocabulary.target_size},
            {"pad", row.vocabulary.pad},
            {"joint", row.corpus->joint()}}},
          {"config", row.row->resolved}};
}

}  // namespace

RunFolder::RunFolder(const fs::path& out, const PreparedRow& row, std::int64_t seed)
    : hash_(run_hash(row.row->config, row.corpus->content_hash(), seed)) {
  folder_ = find_by_hash(out, hash_);
  if (folder_.empty()) folder_ = out / (slug(row.row->label) + ".s" + std::to_string(seed) + "." + hash_);
  check_hash();
}

RunFolder::RunFolder(fs::path folder) : folder_(std::move(folder)) {
  if (!fs::exists(folder_ / "config.json")) {
    throw UserError(folder_.string() + ": not the folder of a run: it has no config.json");
  }
  hash_ = config().value("hash", "");
}

RunFolder::~RunFolder() {
  if (lock_ >= 0) ::close(lock_);
}

void RunFolder::check_hash() const {
  if (!exists()) return;
  const std::string found = config().value("hash", "");
  if (found == hash_) return;
  throw UserError(folder_.string() + ": holds a run of another configuration (" + found + ", not " + hash_ +
                  "): give another --out, or delete the folder");
}

bool RunFolder::exists() const { return fs::exists(folder_ / "config.json"); }

fs::path RunFolder::hypotheses_file(const std::string& decoding, const std::string& split) const {
  return folder_ / ("hypotheses." + decoding + "." + split + ".txt");
}

Json RunFolder::config() const { return config::read_json_file(folder_ / "config.json"); }

Json RunFolder::result() const {
  const fs::path file = folder_ / "result.json";
  return fs::exists(file) ? config::read_json_file(file) : Json::object();
}

void RunFolder::write_result(const Json& result) const {
  write_file_atomically(folder_ / "result.json", result.dump(2) + "\n");
}

void RunFolder::open(const PreparedRow& row, std::int64_t seed) {
  make_folders(folder_);
  const fs::path lock = folder_ / "lock";
  lock_ = ::open(lock.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  if (lock_ < 0) throw RunError(lock.string() + ": cannot be written: " + std::strerror(errno));
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    throw UserError(folder_.string() + ": another process is training this run");
  }
  remove_half_written(folder_);
  if (exists()) return check_hash();
  const data::Corpus& corpus = *row.corpus;
  store_tokenizer(corpus.source_tokenizer(), folder_ / (corpus.joint() ? "tokenizer" : "source_tokenizer"));
  if (!corpus.joint()) store_tokenizer(corpus.target_tokenizer(), folder_ / "target_tokenizer");
  write_file_atomically(folder_ / "config.json", config_json(row, seed, hash_).dump(2) + "\n");
}

void RunFolder::remove() { fs::remove_all(folder_); }

RunState state_of(const Json& result, bool folder_exists) {
  if (!folder_exists) return RunState::absent;
  const std::string status = result.value("status", "");
  if (status == "finished") return RunState::finished;
  return status == "diverged" ? RunState::diverged : RunState::unfinished;
}

}  // namespace ablate::lab
