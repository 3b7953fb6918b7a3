// What may a field hold? The limits that the generated messages name for each of their fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tmw {

inline constexpr std::int64_t int64_max = 0x7fffffffffffffff;
inline constexpr std::size_t max_payload_bytes = 4 * 1024 * 1024;
constexpr std::size_t unlimited = ~std::size_t{0};

/// A boolean, a word, a uuid: its type says all.
struct NoLimits {};

struct IntegerLimits {
  std::int64_t least, most;
};

/// A set of characters: the ASCII ones as bits, all others together.
struct Characters {
  std::uint64_t low, high;
  bool beyond_ascii;

  constexpr bool has(unsigned char first_byte) const {
    if (first_byte >= 128) return beyond_ascii;
    return ((first_byte < 64 ? low : high) >> (first_byte % 64) & 1) != 0;
  }
};

/// Characters, not bytes, are counted.
struct TextLimits {
  Characters first, rest;
  std::size_t fewest, most;
};

template <class Item>
struct ListLimits {
  std::size_t most;
  Item item;
};

template <class Item>
constexpr ListLimits<Item> listed(std::size_t most, Item item) {
  return {most, item};
}

/// A row of a book snapshot.
struct Level {
  std::int64_t price_e8 = 0, size_e8 = 0;
};

namespace detail {

constexpr bool continues(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

/// The least and greatest second byte that make the character neither overlong, nor a surrogate, nor too great.
constexpr bool second_byte_fits(unsigned char lead, unsigned char second) {
  if (lead == 0xE0) return second >= 0xA0;
  if (lead == 0xED) return second <= 0x9F;
  if (lead == 0xF0) return second >= 0x90;
  if (lead == 0xF4) return second <= 0x8F;
  return true;
}

}  // namespace detail

/// How many bytes the first character of `text` takes; 0 = it is not UTF-8.
inline constexpr std::size_t character_bytes(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t bytes = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  for (std::size_t at = 1; at < bytes; ++at)
    if (!detail::continues(text, at)) return 0;
  return detail::second_byte_fits(lead, static_cast<unsigned char>(text[1])) ? bytes : 0;
}

constexpr bool fits(const TextLimits& limits, std::string_view text) {
  std::size_t characters = 0;
  while (!text.empty()) {
    const Characters& allowed = characters == 0 ? limits.first : limits.rest;
    const std::size_t bytes = character_bytes(text);
    if (bytes == 0 || ++characters > limits.most || !allowed.has(static_cast<unsigned char>(text[0]))) return false;
    text.remove_prefix(bytes);
  }
  return characters >= limits.fewest;
}

constexpr bool fits(const IntegerLimits& limits, std::int64_t value) {
  return limits.least <= value && value <= limits.most;
}

}  // namespace tmw
