#include "data/corpus/pairs.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <utility>

#include "data/files/lines.h"
#include "data/recipe.h"
#include "transformer/config/writer.h"
#include "transformer/core/code_points.h"
#include "transformer/core/error.h"
#include "transformer/core/random.h"

namespace ablate::data {
namespace {

/// Raised when a change of a generator changes the pairs of a task.
constexpr int generator_version = 1;

enum class Part { train, dev, test };

/// Says for each pair of the training files in turn to which part it goes.
class SplitRule {
 public:
  virtual ~SplitRule() = default;
  virtual Part next(const RawPair& pair) = 0;
};

class KeepAll : public SplitRule {
 public:
  Part next(const RawPair&) override { return Part::train; }
};

class HashRule : public SplitRule {
 public:
  explicit HashRule(const SplitConfig& config) : config_(config) {}
  Part next(const RawPair& pair) override {
    const auto remainder = static_cast<std::int64_t>(fnv1a(pair.split_key()) % 100);
    if (holds(config_.dev_range, remainder)) return Part::dev;
    return holds(config_.test_range, remainder) ? Part::test : Part::train;
  }

 private:
  static bool holds(const std::vector<std::int64_t>& range, std::int64_t remainder) {
    return !range.empty() && range[0] <= remainder && remainder <= range[1];
  }
  const SplitConfig& config_;
};

/// Selection sampling (Knuth, The Art of Computer Programming 2, section 3.4.2, algorithm S): exactly `dev`
/// and `test` of `total` pairs in one pass, each choice equally likely, and no list of what was chosen.
class RandomRule : public SplitRule {
 public:
  RandomRule(const SplitConfig& config, std::int64_t total)
      : random_(static_cast<std::uint64_t>(config.seed)), left_(total), dev_(config.dev), test_(config.test) {}
  Part next(const RawPair&) override {
    const auto draw = static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(left_--)));
    if (draw < dev_) {
      --dev_;
      return Part::dev;
    }
    if (draw < dev_ + test_) {
      --test_;
      return Part::test;
    }
    return Part::train;
  }

 private:
  SplitMix64 random_;
  std::int64_t left_;
  std::int64_t dev_;
  std::int64_t test_;
};

/// The first pairs are for training, then come dev and test.
class LastRule : public SplitRule {
 public:
  LastRule(const SplitConfig& config, std::int64_t total)
      : until_dev_(total - config.dev - config.test), until_test_(total - config.test) {}
  Part next(const RawPair&) override {
    const std::int64_t number = read_++;
    return number < until_dev_ ? Part::train : number < until_test_ ? Part::dev : Part::test;
  }

 private:
  std::int64_t until_dev_, until_test_;
  std::int64_t read_ = 0;
};

/// Running text from one character to another; documents are cut where they cross a border.
class SliceReader : public PairReader {
 public:
  SliceReader(std::unique_ptr<PairReader> all, std::int64_t begin, std::int64_t end)
      : all_(std::move(all)), begin_(begin), end_(end) {}

  bool next(RawPair& pair) override {
    while (place_ < end_ && all_->next(pair)) {
      const bool is_inside = begin_ <= place_ && place_ < end_;
      const bool is_empty = pair.target.empty();
      std::string kept;
      for_each_code_point(pair.target, [&](std::string_view character, bool) {
        if (begin_ <= place_ && place_ < end_) kept += character;
        ++place_;
      });
      pair.target = std::move(kept);
      if (!pair.target.empty() || (is_empty && is_inside)) return true;
    }
    return false;
  }

 private:
  std::unique_ptr<PairReader> all_;
  std::int64_t begin_, end_;
  std::int64_t place_ = 0;
};

class PartReader : public PairReader {
 public:
  PartReader(std::unique_ptr<PairReader> all, std::unique_ptr<SplitRule> rule, Part part)
      : all_(std::move(all)), rule_(std::move(rule)), part_(part) {}
  bool next(RawPair& pair) override {
    while (all_->next(pair)) {
      if (rule_->next(pair) == part_) return true;
    }
    return false;
  }

 private:
  std::unique_ptr<PairReader> all_;
  std::unique_ptr<SplitRule> rule_;
  Part part_;
};

using Paths = std::vector<std::filesystem::path>;

class FilePairs : public Pairs {
 public:
  FilePairs(CorpusFiles files, const std::filesystem::path& folder) : files_(std::move(files)) {
    const auto add = [&](const std::string& split, const std::vector<std::string>& names) {
      Paths paths;
      for (const std::string& name : names) paths.push_back(folder / name);
      sets_.emplace_back(split, std::move(paths));
    };
    add("train", files_.train);
    if (!files_.dev.empty()) add("dev", files_.dev);
    for (const TestSet& set : files_.test) add(set.name, set.files);
    for (const auto& [split, paths] : sets_) {
      for (const auto& path : paths) hashes_.push_back(content_sha256(path));
    }
  }

  std::vector<std::string> split_names() const override {
    std::vector<std::string> names{"train", "dev"};
    if (files_.split.takes_test()) names.push_back("test");
    for (const TestSet& set : files_.test) names.push_back(set.name);
    return names;
  }

  std::unique_ptr<PairReader> open(const std::string& split) override {
    if (split == "train") return open_part(Part::train);
    for (const auto& [name, paths] : sets_) {
      if (name == split) return open_reader(files_.reader, paths);
    }
    return open_part(split == "dev" ? Part::dev : Part::test);
  }

  std::string origin(const std::string& split) const override {
    const Paths* paths = &sets_.front().second;  // a part that the split rule takes
    for (const auto& [name, own] : sets_) {
      if (name == split) paths = &own;
    }
    std::string names;
    for (const auto& path : *paths) names += (names.empty() ? "" : ", ") + path.string();
    return names;
  }

  Content content() const override { return content_of(files_.reader); }

  Json fingerprint() const override {
    Json sets = Json::array();
    for (const auto& [split, paths] : sets_) sets.push_back({split, paths.size()});
    return {{"reader", config::Writer::write(files_.reader)},
            {"split", config::Writer::write(files_.split)},
            {"sets", std::move(sets)},
            {"sha256", hashes_}};
  }

 private:
  std::unique_ptr<PairReader> open_part(Part part) {
    if (files_.split.kind == "last" && files_.split.unit == "characters") {
      const std::int64_t until_test = count() - files_.split.test, until_dev = until_test - files_.split.dev;
      auto all = open_reader(files_.reader, sets_.front().second);
      if (part == Part::train) return std::make_unique<SliceReader>(std::move(all), 0, until_dev);
      if (part == Part::dev) return std::make_unique<SliceReader>(std::move(all), until_dev, until_test);
      return std::make_unique<SliceReader>(std::move(all), until_test, count());
    }
    return std::make_unique<PartReader>(open_reader(files_.reader, sets_.front().second), make_rule(), part);
  }

  std::unique_ptr<SplitRule> make_rule() {
    if (files_.split.kind == "hash") return std::make_unique<HashRule>(files_.split);
    if (files_.split.kind == "random") return std::make_unique<RandomRule>(files_.split, count());
    if (files_.split.kind == "last") return std::make_unique<LastRule>(files_.split, count());
    return std::make_unique<KeepAll>();
  }

  /// Of what `split.unit` counts, in the training files.
  std::int64_t count() {
    if (total_ >= 0) return total_;
    const auto reader = open_reader(files_.reader, sets_.front().second);
    const bool counts_characters = files_.split.kind == "last" && files_.split.unit == "characters";
    std::int64_t total = 0;
    for (RawPair pair; reader->next(pair);) {
      if (!counts_characters) ++total;
      if (counts_characters) for_each_code_point(pair.target, [&](std::string_view, bool) { ++total; });
    }
    if (files_.split.dev + files_.split.test >= total) {
      throw UserError("data.split: dev and test ask for " + std::to_string(files_.split.dev + files_.split.test) + " " +
                      (counts_characters             ? "characters"
                       : content() == Content::text  ? "documents"
                       : content() == Content::pairs ? "pairs"
                                                     : "texts") +
                      ", but " + sets_.front().second.front().string() + " has only " + std::to_string(total) +
                      ", and some must be left for training");
    }
    return total_ = total;
  }

  CorpusFiles files_;
  std::vector<std::pair<std::string, Paths>> sets_;
  std::vector<std::string> hashes_;
  std::int64_t total_ = -1;
};

class ListReader : public PairReader {
 public:
  explicit ListReader(const std::vector<Pair>& pairs) : pairs_(pairs) {}
  bool next(RawPair& pair) override {
    if (next_ == pairs_.size()) return false;
    const Pair& from = pairs_[next_++];
    pair.source = from.source;
    pair.target = from.target;
    pair.line = next_;
    return true;
  }

 private:
  const std::vector<Pair>& pairs_;
  std::size_t next_ = 0;
};

class TaskPairs : public Pairs {
 public:
  explicit TaskPairs(TaskConfig task) : task_(std::move(task)) {}
  std::vector<std::string> split_names() const override { return {"train", "dev", "test"}; }
  std::unique_ptr<PairReader> open(const std::string& split) override {
    if (!splits_) splits_ = tasks().at(task_.kind)(task_);
    return std::make_unique<ListReader>(split == "train" ? splits_->train
                                        : split == "dev" ? splits_->dev
                                                         : splits_->test);
  }
  std::string origin(const std::string&) const override { return "the task '" + task_.kind + "'"; }
  Content content() const override { return Content::pairs; }
  Json fingerprint() const override {
    return {{"task", config::Writer::write(task_)}, {"generator", generator_version}};
  }

 private:
  TaskConfig task_;
  std::optional<Splits> splits_;
};

class ReversedReader : public PairReader {
 public:
  explicit ReversedReader(std::unique_ptr<PairReader> reader) : reader_(std::move(reader)) {}
  bool next(RawPair& pair) override {
    if (!reader_->next(pair)) return false;
    std::swap(pair.source, pair.target);
    return true;
  }

 private:
  std::unique_ptr<PairReader> reader_;
};

class ReversedPairs : public Pairs {
 public:
  explicit ReversedPairs(std::unique_ptr<Pairs> pairs) : pairs_(std::move(pairs)) {}
  std::vector<std::string> split_names() const override { return pairs_->split_names(); }
  std::unique_ptr<PairReader> open(const std::string& split) override {
    return std::make_unique<ReversedReader>(pairs_->open(split));
  }
  std::string origin(const std::string& split) const override { return pairs_->origin(split); }
  Content content() const override { return pairs_->content(); }
  Json fingerprint() const override { return {{"reversed", pairs_->fingerprint()}}; }

 private:
  std::unique_ptr<Pairs> pairs_;
};

std::unique_ptr<Pairs> forward_pairs(const DataConfig& config, const CorpusPaths& paths) {
  if (config.kind == "task") return std::make_unique<TaskPairs>(config.task);
  if (config.kind == "files") return std::make_unique<FilePairs>(config.files, paths.experiment_folder);
  const Recipe recipe = load_recipe(config.recipe, paths.recipes);
  return std::make_unique<FilePairs>(locate_recipe(recipe, paths.data_root), "");
}

}  // namespace

std::unique_ptr<Pairs> find_pairs(const DataConfig& config, const CorpusPaths& paths) {
  auto pairs = forward_pairs(config, paths);
  if (!config.reverse) return pairs;
  return std::make_unique<ReversedPairs>(std::move(pairs));
}

}  // namespace ablate::data
