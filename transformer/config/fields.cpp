#include "transformer/config/fields.h"

#include <cmath>
#include <sstream>

namespace ablate::config {

std::string Range::text() const {
  std::ostringstream out;
  out.precision(15);  // 1048576, not 1.04858e+06
  const bool lower = std::isfinite(min);
  const bool upper = std::isfinite(max);
  if (lower && upper) {
    out << (above_min ? "above " : "from ") << min << (below_max ? " to below " : " to ") << max;
  } else if (lower) {
    out << (above_min ? "above " : "at least ") << min;
  } else if (upper) {
    out << (below_max ? "below " : "at most ") << max;
  } else {
    out << "any number";
  }
  return out.str();
}

void Fields::decide_applies(FieldInfo& info) {
  const Scope& scope = scopes_.back();
  if (scope.choices && !info.governs && scope.choices->is_option(info.name)) {
    const VariantInfo* row = scope.choices->find(scope.kind);
    if (row != nullptr && !row->uses_option(info.name)) {
      info.applies = false;
      info.why_not = "has no effect with kind '" + scope.kind + "'";
      info.governed_by = "kind";
    }
  }
  if (pending_) {
    info.applies = false;
    info.why_not = pending_->why_not;
    info.governed_by = pending_->governed_by;
    pending_.reset();
  }
}

void Fields::visit_field(FieldInfo info, Slot slot) {
  decide_applies(info);
  do_field(info, slot);
}

void Fields::variant(std::string& kind, const Choices& choices, const char* doc) {
  FieldInfo info{.name = "kind", .doc = doc, .choices = &choices, .governs = true};
  decide_applies(info);
  scopes_.back().choices = choices;
  do_field(info, &kind);
  scopes_.back().kind = kind;
}

bool Fields::enter_object(FieldInfo info, const char* parent_name) {
  decide_applies(info);
  scopes_.emplace_back();
  if (do_enter(info, parent_name)) return true;
  scopes_.pop_back();
  return false;
}

void Fields::leave_object() {
  do_leave();
  scopes_.pop_back();
}

Fields& Fields::only_if(bool condition, std::string why_not, const char* governed_by) {
  if (!condition) pending_ = Pending{std::move(why_not), governed_by};
  return *this;
}

}  // namespace ablate::config
