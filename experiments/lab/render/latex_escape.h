#pragma once
// Plain text as LaTeX source. Internal to render.
#include <string>
#include <string_view>

namespace ablate::lab {

/// Pure ASCII on one line, which prints as the text under pdflatex in any font encoding and without packages.
/// Accented Latin letters become accent commands, signs and Greek letters that tables of the field use become
/// math; a character that plain LaTeX cannot print is named (U+4E2D), so that the document compiles and
/// nothing is lost silently.
std::string latex_escape(std::string_view text);

}  // namespace ablate::lab
