#pragma once
// Strict reading of a configuration struct from a Document: an unknown key, an unknown variant, a wrong type, a number
// out of range, a key without effect are errors, all collected, each with file, path and suggestion.
#include "transformer/config/document.h"
#include "transformer/config/fields.h"

#include <map>
#include <set>

namespace ablate::config {

/// Everything wrong with a file, and what was dropped on purpose.
class Problems {
 public:
  void add(const std::string& message);  ///< the same message is kept once
  void note(const std::string& message);
  bool empty() const { return errors_.empty(); }
  const std::vector<std::string>& errors() const { return errors_; }
  const std::vector<std::string>& notes() const { return notes_; }
  void throw_if_any() const;  ///< UserError with one line per problem

 private:
  std::vector<std::string> errors_;
  std::vector<std::string> notes_;
};

class Reader final : public Fields {
 public:
  Reader(const Document& document, Problems& problems);

  /// Reads the whole document into `value`, whose members hold the defaults.
  template <class Object>
  void read(Object& value) {
    value.describe(*this);
    finish_object();
  }
  void check(bool holds, const std::string& key, const std::string& message) override;

 private:
  struct Node {
    const Json* json;                ///< nullptr: the key is absent, all defaults
    std::vector<std::string> paths;  ///< its own path first, then those it inherits from
    std::set<std::string> known;     ///< keys declared so far
  };
  void do_field(const FieldInfo& info, Slot slot) override;
  bool do_enter(const FieldInfo& info, const char* parent_name) override;
  void do_leave() override;
  bool inherits() const override { return true; }
  void finish_object();
  /// The layer that wrote a key of the current object, or of what it inherits from.
  int layer_of(const char* key) const;
  bool may_read(const FieldInfo& info, const std::string& path);
  /// `element`: which one of a list, such as "[2]".
  void problem(const std::string& path, const std::string& message, const std::string& element = "");
  std::string path_of(const std::string& key) const;
  /// Where the value of a key comes from: the nearest of it and those it inherits from that is written, else the
  /// outermost.
  std::string written_path(const std::string& path) const;

  const Document& document_;
  Problems& problems_;
  std::vector<Node> nodes_;
  std::map<std::string, std::vector<std::string>> lineage_;  ///< of every object: Node::paths
  std::set<std::string> declared_;                           ///< paths of all keys so far
};

/// Reads `json`, which `source` names, into `value`, whose members hold the defaults; UserError with everything that is
/// wrong in it.
template <class Object>
void read_strictly(Object& value, const Json& json, const std::string& source) {
  Document document;
  document.add({json, source});
  Problems problems;
  Reader(document, problems).read(value);
  problems.throw_if_any();
}

}  // namespace ablate::config
