#include "experiments/lab/run_folder.h"

#include "experiments/lab/identity.h"
#include "transformer/core/atomic_file.h"
#include "transformer/core/error.h"

#include <unistd.h>

#include <cctype>

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
    if (entry.path().filename().string().ends_with("." + hash) && entry.is_directory()) return entry.path();
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

/// A place in a file that the program wrote, and what must stand there.
struct Required {
  const char* pointer;
  bool (Json::*is_right)() const noexcept;
};

constexpr Required required_in_config[] = {
    {"/hash", &Json::is_string},         {"/mathematics", &Json::is_number_integer},
    {"/label", &Json::is_string},        {"/seed", &Json::is_number_integer},
    {"/data_hash", &Json::is_string},    {"/vocabulary/joint", &Json::is_boolean},
    {"/config/model", &Json::is_object}, {"/config/training", &Json::is_object},
};
constexpr Required required_in_result[] = {
    {"/status", &Json::is_string},
    {"/environment", &Json::is_object},
    {"/training/reason", &Json::is_string},
    {"/training/parameters", &Json::is_number},
    {"/training/tokens_per_second", &Json::is_number},
    {"/training/last", &Json::is_array},
    {"/training/best", &Json::is_array},
    {"/decodings", &Json::is_object},
};

[[noreturn]] void damaged(const fs::path& file, const std::string& how) {
  throw UserError(file.string() + ": damaged: " + how + ": delete the folder to train again");
}

template <std::size_t size>
void check_required(const Json& json, const Required (&required)[size], const fs::path& file) {
  for (const Required& key : required) {
    const Json::json_pointer pointer(key.pointer);
    if (!json.contains(pointer)) damaged(file, std::string(key.pointer).substr(1) + " is missing");
    if (!(json.at(pointer).*key.is_right)()) damaged(file, std::string(key.pointer).substr(1) + " is of a wrong type");
  }
}

void check_result(const Json& result, const fs::path& file) {
  check_required(result, required_in_result, file);
  const std::string status = result.at("status").get<std::string>();
  if (status != "finished" && status != "diverged") damaged(file, "the status '" + status + "' is unknown");
  for (const char* list : {"last", "best"}) {
    for (const Json& kept : result.at("training").at(list)) {
      if (!kept.is_object() || !kept.contains("step") || !kept.at("step").is_number_integer()) {
        damaged(file, std::string("training/") + list + " holds what is no checkpoint");
      }
    }
  }
  for (const auto& [key, decoding] : result.at("decodings").items()) {
    if (!decoding.is_object() || !decoding.contains("splits") || !decoding.at("splits").is_object()) {
      damaged(file, "decodings/" + key + " has no splits");
    }
  }
}

/// "LABEL.sSEED.HASH" -> HASH; "" for a folder that was given another name.
std::string hash_in_name(const fs::path& folder) {
  const std::string name = (fs::absolute(folder) / "").lexically_normal().parent_path().filename().string();
  const std::string hash = name.substr(name.rfind('.') + 1);
  const bool is_hash =
      hash.size() == 16 && hash.size() < name.size() && hash.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_hash ? hash : "";
}

Json config_json(const PreparedRow& row, std::int64_t seed, const std::string& hash) {
  return {{"hash", hash},
          {"mathematics", mathematics_version},
          {"experiment", row.row->experiment},
          {"label", row.row->label},
          {"is_baseline", row.row->is_baseline},
          {"trial", row.candidate.has_value()},
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
  if (folder_.empty()) folder_ = out / (run_folder_prefix(row.row->label, seed) + hash_);
  check_hash();
}

RunFolder::RunFolder(fs::path folder) : folder_(std::move(folder)) {
  if (!fs::exists(folder_ / "config.json")) {
    throw UserError(folder_.string() + ": not the folder of a run: it has no config.json");
  }
  const std::string named = hash_in_name(folder_);
  hash_ = named.empty() ? config().at("hash").get<std::string>() : named;
  check_hash();
}

void RunFolder::check_hash() const {
  if (!exists()) return;
  const std::string found = config().at("hash").get<std::string>();
  if (found == hash_) return;
  throw UserError(folder_.string() + ": holds a run of another configuration (" + found + ", not " + hash_ +
                  "): give another --out, or delete the folder");
}

bool RunFolder::exists() const { return fs::exists(folder_ / "config.json"); }

fs::path RunFolder::hypotheses_file(const std::string& decoding, const std::string& split) const {
  return folder_ / ("hypotheses." + decoding + "." + split + ".txt");
}

Json RunFolder::config() const {
  const fs::path file = folder_ / "config.json";
  Json stored = config::read_json_file(file);
  check_required(stored, required_in_config, file);
  const std::string stated = stored.at("hash").get<std::string>();
  if (const auto actual = stored_hash(stored); actual && *actual != stated) {
    damaged(file, "its settings have the hash " + *actual + ", but it states " + stated);
  }
  return stored;
}

Json RunFolder::result() const {
  const fs::path file = folder_ / "result.json";
  if (!fs::exists(file)) return Json::object();
  Json result = config::read_json_file(file);
  check_result(result, file);
  return result;
}

Json RunFolder::initialization() const {
  return fs::exists(initialization_file()) ? config::read_json_file(initialization_file()) : Json::object();
}

void RunFolder::write_result(const Json& result) const {
  check_owner();
  write_file_atomically(folder_ / "result.json", result.dump(2) + "\n");
}

void RunFolder::write_environment(const Json& environment) const {
  Json stored = config();
  stored["environment"] = environment;
  check_owner();
  write_file_atomically(folder_ / "config.json", stored.dump(2) + "\n");
}

LeaseAnswer RunFolder::try_lock() {
  if (!lease_) lease_ = std::make_unique<Lease>(folder_);
  return lease_->try_acquire();
}

void RunFolder::unlock() {
  if (lease_) lease_->release();
}

void RunFolder::lock() {
  if (try_lock() != LeaseAnswer::acquired) throw UserError(busy_text());
}

std::string RunFolder::busy_text() const {
  const std::string by = lease_ ? lease_->holder() : "";
  return folder_.string() + ": another process is training this run" + (by.empty() ? "" : " (" + by + ")");
}

void RunFolder::check_owner() const {
  if (lease_ && lease_->is_held()) lease_->check();
}

void RunFolder::check_owner_quickly() const {
  if (lease_ && lease_->seems_lost()) lease_->check();
}

void RunFolder::open(const PreparedRow& row, std::int64_t seed) {
  lock();
  remove_half_written(folder_);
  if (exists()) {
    check_hash();
    Json stored = config();
    // A trial of `tune` that turns out to be the run itself is called by its row from then on.
    if (!stored.value("trial", false) || row.candidate) return;
    Json renamed = config_json(row, seed, hash_);
    if (stored.contains("environment")) renamed["environment"] = stored["environment"];
    return write_file_atomically(folder_ / "config.json", renamed.dump(2) + "\n");
  }
  const data::Corpus& corpus = *row.corpus;
  store_tokenizer(corpus.source_tokenizer(), folder_ / (corpus.joint() ? "tokenizer" : "source_tokenizer"));
  if (!corpus.joint()) store_tokenizer(corpus.target_tokenizer(), folder_ / "target_tokenizer");
  write_file_atomically(folder_ / "config.json", config_json(row, seed, hash_).dump(2) + "\n");
}

void RunFolder::remove() {
  if (!fs::exists(folder_)) return;
  lock();
  // Under another name first: whoever comes next finds all of it or nothing. Without config.json it is no run.
  const fs::path removed = folder_.parent_path() / (".removed." + hash_ + "-" + std::to_string(::getpid()));
  fs::rename(folder_, removed);
  fs::remove(removed / "config.json");
  fs::remove_all(removed);
  unlock();
}

RunState RunFolder::state() const {
  return exists() ? state_of(result(), true, read_failure(folder_).has_value()) : RunState::absent;
}

std::string_view name_of(RunState state) {
  constexpr std::string_view names[] = {"missing", "unfinished", "finished", "diverged", "failed"};
  return names[static_cast<std::size_t>(state)];
}

State table_state(RunState state) {
  switch (state) {
    case RunState::finished:
      return State::value;
    case RunState::diverged:
      return State::diverged;
    case RunState::failed:
      return State::failed;
    case RunState::unfinished:
      return State::running;
    case RunState::absent:
      break;
  }
  return State::missing;
}

RunState state_of(const Json& result, bool folder_exists, bool has_failure) {
  if (!folder_exists) return RunState::absent;
  const std::string status = result.value("status", "");
  if (status == "diverged") return RunState::diverged;
  if (has_failure) return RunState::failed;
  return status == "finished" ? RunState::finished : RunState::unfinished;
}

std::string run_folder_prefix(const std::string& label, std::int64_t seed) {
  return slug(label) + ".s" + std::to_string(seed) + ".";
}

}  // namespace ablate::lab
