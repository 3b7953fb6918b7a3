// What is an order's id? 16 bytes, compared first byte first; on the wire 36 characters in lower case.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tmw {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  friend bool operator==(const Uuid& a, const Uuid& b) { return a.bytes == b.bytes; }
  friend bool operator!=(const Uuid& a, const Uuid& b) { return a.bytes != b.bytes; }
  friend bool operator<(const Uuid& a, const Uuid& b) { return a.bytes < b.bytes; }
};

namespace detail {

constexpr bool hyphen_before(std::size_t byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

/// 0 … 15; 16 = no hexadecimal digit.
constexpr unsigned hex_digit(char sign) {
  if (sign >= '0' && sign <= '9') return static_cast<unsigned>(sign - '0');
  if (sign >= 'a' && sign <= 'f') return static_cast<unsigned>(sign - 'a') + 10;
  if (sign >= 'A' && sign <= 'F') return static_cast<unsigned>(sign - 'A') + 10;
  return 16;
}

}  // namespace detail

inline std::string to_text(const Uuid& id) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t at = 0; at < id.bytes.size(); ++at) {
    if (detail::hyphen_before(at)) text += '-';
    text += digits[id.bytes[at] >> 4];
    text += digits[id.bytes[at] & 15];
  }
  return text;
}

/// Reads 36 characters, or 32 without hyphens, of either case; nothing = no uuid.
inline std::optional<Uuid> uuid_of_text(std::string_view text) {
  const bool hyphens = text.size() == 36;
  if (!hyphens && text.size() != 32) return std::nullopt;
  Uuid id;
  std::size_t next = 0;
  for (std::size_t at = 0; at < id.bytes.size(); ++at) {
    if (hyphens && detail::hyphen_before(at) && text[next++] != '-') return std::nullopt;
    const unsigned high = detail::hex_digit(text[next++]), low = detail::hex_digit(text[next++]);
    if (high > 15 || low > 15) return std::nullopt;
    id.bytes[at] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return id;
}

/// Reads the 16 bytes themselves.
inline std::optional<Uuid> uuid_of_bytes(std::string_view bytes) {
  Uuid id;
  if (bytes.size() != id.bytes.size()) return std::nullopt;
  for (std::size_t at = 0; at < bytes.size(); ++at) id.bytes[at] = static_cast<std::uint8_t>(bytes[at]);
  return id;
}

}  // namespace tmw
