#pragma once
// A configuration as layers of JSON: a base file, the files that extend it, a row, the command line. Later
// layers win; every key remembers the layer that wrote it, so that an error names its file and a `kind` that
// changes can drop what was written for the old kind and refuse what was written for it knowingly.
#include "transformer/config/json.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ablate::config {

struct Layer {
  Json json;
  std::string source;  ///< a file's path, or "--set"
};

/// Parses JSON with comments. Errors (UserError): unreadable, malformed (line and column), nested deeper than 200
/// levels, a duplicate key; of a file also a root that is not an object.
Json read_json_file(const std::filesystem::path& file);
Json parse_json(std::string_view text, const std::string& source);

/// A file preceded by the files that it `extends` (one or a list, relative to itself), depth first; the key itself is
/// taken out. A cycle is an error that shows the way round.
std::vector<Layer> load_layers(const std::filesystem::path& file);

/// {"a.b": 1, "c": {"d": 2}} -> {"a": {"b": 1}, "c": {"d": 2}}. The same key twice is an error.
Json expand_dotted(const Json& object, const std::string& source);

/// "path=value": the value is JSON, or else the text itself; what starts as an object or a list must be JSON. Errors:
/// no "=", an empty path, text that is not UTF-8, those of parse_json.
Json parse_assignment(const std::string& assignment);

class Document {
 public:
  struct Origin {
    std::string source;
    int layer = -1;
  };

  /// Objects merge, arrays and scalars replace.
  void add(const Layer& layer);
  const Json& json() const { return json_; }
  /// Who wrote the key at a dotted path; {"", -1} if nobody did.
  Origin origin(const std::string& path) const;

 private:
  void merge(Json& target, const Json& addition, const std::string& path, const Origin& origin);
  Json json_ = Json::object();
  std::map<std::string, Origin> origins_;
  int layers_ = 0;
};

}  // namespace ablate::config
