// What stands beside every figure: the version of these metrics, and the pieces that signatures and score
// lines are made of. The form is that of sacreBLEU 2 (Post 2018, "A Call for Clarity in Reporting BLEU
// Scores"): `key:value` pairs joined by `|`, the version last.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ablate::metrics {

// Raised whenever a figure of any metric here may change for the same text and options.
inline constexpr std::string_view version = "ablate-1";

// A figure with what makes it comparable.
struct Score {
  std::string name;       // as papers print it: BLEU, chrF2++, exact match
  double value = 0;       // percent, but for an edit distance
  std::string signature;  // nrefs:1|case:mixed|...|version:ablate-1
  std::string text;       // the line for people: NAME|SIGNATURE = VALUE and what the metric adds to it
};

// A number with so many decimals, rounded as printf does.
std::string fixed(double value, int decimals);

// `nrefs:N|case:lc` or `case:mixed`, then the metric's own pairs (`a:b|c:d`, or nothing), then the version.
std::string make_signature(std::size_t references, bool lowercase, std::string_view pairs);

// Fills in the text. `details`, where there are any, follow the value.
Score make_score(std::string name, double value, std::string signature, std::string_view details = {});

}  // namespace ablate::metrics
