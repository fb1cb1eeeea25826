#pragma once
// The alphabet of byte-level models (Radford et al. 2019, section 2.2): each byte is a character that prints. The bytes
// of printing characters of Latin-1 stand for themselves; the others are U+0100 onwards, in their order.
#include <string>
#include <string_view>

namespace ablate::data {

/// The characters of all bytes of a text.
std::string bytes_to_characters(std::string_view bytes);

/// Adds the bytes that a piece of a vocabulary stands for: a piece that is not all of the alphabet is itself.
void append_bytes_of(std::string_view piece, std::string& bytes);

}  // namespace ablate::data
