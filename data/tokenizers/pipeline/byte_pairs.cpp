#include <algorithm>
#include <queue>
#include <unordered_map>
#include <utility>

#include "data/tokenizers/pipeline/subword_model.h"
#include "data/tokenizers/pipeline/text.h"
#include "data/tokenizers/pipeline/word_cache.h"

namespace ablate::data {
namespace {

using Id = std::int32_t;

struct Merge {
  std::int32_t rank;  ///< the lowest is merged first
  Id merged;
};

class MergeTable {
 public:
  void add(Id left, Id right, Merge merge) { merges_.emplace(key(left, right), merge); }
  const Merge* find(Id left, Id right) const {
    const auto found = merges_.find(key(left, right));
    return found != merges_.end() ? &found->second : nullptr;
  }
  bool contains(Id left, Id right) const { return find(left, right) != nullptr; }

 private:
  static std::uint64_t key(Id left, Id right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
  }
  std::unordered_map<std::uint64_t, Merge> merges_;
};

/// A word on its way from characters to pieces. O(n log n) for n characters: a list of what is left, and a heap of
/// the merges that are possible.
class MergingWord {
 public:
  MergingWord(const std::vector<Id>& characters, const MergeTable& table) : table_(table) {
    const auto size = static_cast<std::int32_t>(characters.size());
    for (std::int32_t i = 0; i < size; ++i) {
      symbols_.push_back({characters[static_cast<std::size_t>(i)], i - 1, i + 1 < size ? i + 1 : -1});
    }
    for (std::int32_t i = 0; i + 1 < size; ++i) propose(i);
  }

  void merge_all() {
    while (!proposals_.empty()) {
      const Proposal best = proposals_.top();
      proposals_.pop();
      Symbol& left = at(best.place);
      if (left.id == gone || left.next < 0) continue;
      Symbol& right = at(left.next);
      // What stood here when it was proposed may have been merged with others since.
      const Merge* merge = table_.find(left.id, right.id);
      if (merge == nullptr || merge->merged != best.merged) continue;
      left.id = best.merged;
      left.next = right.next;
      right.id = gone;
      if (left.next >= 0) at(left.next).previous = best.place;
      if (left.previous >= 0) propose(left.previous);
      propose(best.place);
    }
  }

  void append_to(std::vector<Id>& ids) const {
    for (const Symbol& symbol : symbols_) {
      if (symbol.id != gone) ids.push_back(symbol.id);
    }
  }

 private:
  static constexpr Id gone = -1;

  struct Symbol {
    Id id;
    std::int32_t previous;
    std::int32_t next;
  };
  struct Proposal {
    std::int32_t rank;
    std::int32_t place;
    Id merged;
    bool operator<(const Proposal& other) const {  // the top of the heap has the lowest rank, then the lowest place
      return rank != other.rank ? rank > other.rank : place > other.place;
    }
  };

  Symbol& at(std::int32_t place) { return symbols_[static_cast<std::size_t>(place)]; }

  void propose(std::int32_t place) {
    const Symbol& left = at(place);
    if (left.next < 0) return;
    const Merge* merge = table_.find(left.id, at(left.next).id);
    if (merge != nullptr) proposals_.push({merge->rank, place, merge->merged});
  }

  const MergeTable& table_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Proposal> proposals_;
};

/// "a b" or ["a", "b"].
std::pair<std::string, std::string> read_pair(const JsonPart& merge) {
  if (merge.json().is_array()) {
    const std::vector<JsonPart> sides = merge.items();
    if (sides.size() == 2) return {sides[0].text(), sides[1].text()};
  } else {
    const std::string text = merge.text();
    const std::size_t space = text.find(' ');
    if (space != std::string::npos && text.find(' ', space + 1) == std::string::npos) {
      return {text.substr(0, space), text.substr(space + 1)};
    }
  }
  merge.fail("a merge is two pieces, not " + merge.json().dump());
}

MergeTable read_merges(const JsonPart& merges, const PieceTable& pieces) {
  MergeTable table;
  std::int32_t rank = 0;
  for (const JsonPart& merge : merges.items()) {
    const auto [left, right] = read_pair(merge);
    const auto id = [&](const std::string& piece) {
      const std::optional<Id> found = pieces.find(piece);
      if (!found) merge.fail("'" + piece + "' is not in the vocabulary");
      return *found;
    };
    if (table.contains(id(left), id(right))) merge.fail("'" + left + " " + right + "' is merged by an earlier one");
    table.add(id(left), id(right), {rank++, id(left + right)});
  }
  return table;
}

class BytePairs final : public SubwordModel {
 public:
  explicit BytePairs(const JsonPart& model)
      : SubwordModel(read_piece_table(model.at("vocab"))),
        merges_(read_merges(model.at("merges"), pieces())),
        fuse_unknown_(model.flag("fuse_unk", false)),
        ignore_merges_(model.flag("ignore_merges", false)) {
    model.check_keys({"type", "vocab", "merges", "dropout", "unk_token", "continuing_subword_prefix",
                      "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges"});
    model.check_unset("dropout", "encoding would be random");
    model.check_unset("byte_fallback", "the vocabulary is not one of bytes as characters");
    model.check_unset("continuing_subword_prefix", "pieces of byte-level models have none");
    model.check_unset("end_of_word_suffix", "pieces of byte-level models have none");
    if (!model.has("unk_token")) return;
    unknown_ = pieces().find(model.text("unk_token"));
    if (!unknown_) model.at("unk_token").fail("'" + model.text("unk_token") + "' is not in the vocabulary");
  }

  void encode(std::string_view word, std::vector<Id>& ids) const override {
    if (cache_.find(word, ids)) return;
    const std::size_t before = ids.size();
    const std::optional<Id> whole = ignore_merges_ ? pieces().find(word) : std::nullopt;
    if (whole) {
      ids.push_back(*whole);
    } else {
      MergingWord merging(characters_of(word), merges_);
      merging.merge_all();
      merging.append_to(ids);
    }
    cache_.keep(word, std::span(ids).subspan(before));
  }

  std::optional<Id> unknown() const override { return unknown_; }

 private:
  /// What is not in the vocabulary is unknown, neighbours together if so asked; without such a piece it is left out.
  std::vector<Id> characters_of(std::string_view word) const {
    std::vector<Id> ids;
    bool last_unknown = false;
    for_each_character(word, [&](UChar32, std::string_view bytes) {
      const std::optional<Id> id = pieces().find(bytes);
      if (id) {
        ids.push_back(*id);
      } else if (unknown_ && !(last_unknown && fuse_unknown_)) {
        ids.push_back(*unknown_);
      }
      last_unknown = !id;
    });
    return ids;
  }

  MergeTable merges_;
  bool fuse_unknown_;
  bool ignore_merges_;
  std::optional<Id> unknown_;
  mutable WordCache cache_;
};

}  // namespace

std::unique_ptr<SubwordModel> read_byte_pairs(const JsonPart& model) { return std::make_unique<BytePairs>(model); }

}  // namespace ablate::data
