#pragma once
// Numbers as a table shows them to people. Rounding happens here and nowhere else: CSV and JSON carry full
// precision.
#include <optional>
#include <string>
#include <string_view>

namespace ablate::lab {

enum class Notation {
  fixed,    ///< so many decimals: 27.10
  compact,  ///< three significant digits and a unit of thousands: 2.61 M
  /// A difference in percent, always with its sign: +0.12 %, -3.00 %. No difference is 0 %, and one that rounds to
  /// nothing still tells its sign: +0.00 %.
  signed_percent,
};

std::string_view name_of(Notation notation);  ///< "fixed", "compact", "signed_percent"

/// The parts of "mean ± sd unit", apart because every format joins and emphasises them in its own way.
struct NumberText {
  std::string mean;
  std::string sd;    ///< "" if there is none; as many decimals as the mean, and the same unit
  std::string unit;  ///< "", "%", "k", "M", "B" or "T" (10^3, 10^6, 10^9, 10^12)
  bool operator==(const NumberText&) const = default;
};

/// Rounds to nearest as printf does, exact halves to even. A zero has no sign. Too large for a column, in
/// fixed notation from 10^7 on and in compact notation from 10^15, is written 2.61e+13. Compact whole numbers
/// below 1000 stay whole; compact notation is meant for counts and has two decimals at most.
NumberText number_text(double mean, std::optional<double> sd, Notation notation, int decimals);

/// "2.61 M" for 2,605,184; "65.0 M", "213 M", "1.10 B", "41.0 k", "999".
std::string compact(double value);

}  // namespace ablate::lab
