// Is this payload whole, of our link and of our version? Asked before a byte of it is parsed.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tmw/faults.hpp"
#include "tmw/limits.hpp"

namespace tmw {

inline constexpr std::uint16_t protocol_version = 1;
inline constexpr std::size_t envelope_bytes = 32;
inline constexpr std::string_view magic = "TMW1";

enum class Kind : std::uint8_t { Message = 1, Quotes = 2, Trades = 3, Depth = 4 };

/// What a checked envelope says; `epoch` and `seq` are 0 where they number nothing.
struct Envelope {
  Kind kind = Kind::Message;
  std::uint64_t epoch = 0, seq = 0;
};

/// What travels: `payload` is sealed by `envelope`. The topic and ROUTER's identity go before them.
struct Frames {
  std::string envelope, payload;
};

/// Frames as they were received, in any number.
using FrameViews = std::vector<std::string_view>;

/// A little-endian number; the caller knows that its bytes are there.
template <class Number>
Number load_little(std::string_view data, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t byte = sizeof(Number); byte-- > 0;)
    number = number << 8 | static_cast<unsigned char>(data[at + byte]);
  return static_cast<Number>(number);
}

template <class Number>
void store_little(char* to, Number value) {
  const auto number = static_cast<std::uint64_t>(value);
  for (std::size_t byte = 0; byte < sizeof(Number); ++byte) to[byte] = static_cast<char>(number >> (8 * byte) & 0xFF);
}

namespace detail {

using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;

/// Table n: what a byte leaves behind once n further bytes have passed.
inline constexpr CrcTables crc_tables() {
  CrcTables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? 0xEDB88320u : 0u);
    tables[0][byte] = rest;
  }
  for (std::size_t later = 1; later < tables.size(); ++later)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[later - 1][byte];
      tables[later][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  return tables;
}

}  // namespace detail

/// zlib's `crc32()`, eight bytes at a time.
inline std::uint32_t crc32(std::string_view data) {
  static constexpr auto tables = detail::crc_tables();
  std::uint32_t crc = 0xFFFFFFFFu;
  for (; data.size() >= 8; data.remove_prefix(8)) {
    const std::uint32_t first = crc ^ load_little<std::uint32_t>(data, 0), second = load_little<std::uint32_t>(data, 4);
    crc = tables[7][first & 0xFF] ^ tables[6][first >> 8 & 0xFF] ^ tables[5][first >> 16 & 0xFF] ^
          tables[4][first >> 24] ^ tables[3][second & 0xFF] ^ tables[2][second >> 8 & 0xFF] ^
          tables[1][second >> 16 & 0xFF] ^ tables[0][second >> 24];
  }
  for (const char byte : data) crc = (crc >> 8) ^ tables[0][(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  return ~crc;
}

/// The frames of `payload`; a fault where it is too large or a number leaves 63 bits.
inline Result<Frames> seal(Kind kind, std::string payload, std::uint64_t epoch = 0, std::uint64_t seq = 0) {
  if (payload.size() > max_payload_bytes) return Fault{Reason::TooLarge, "the payload exceeds 4 MiB"};
  constexpr auto most = static_cast<std::uint64_t>(int64_max);
  if (epoch > most || seq > most) return Fault{Reason::Numbering, "epoch or seq leaves 63 bits"};
  std::string envelope(envelope_bytes, '\0');
  magic.copy(&envelope[0], magic.size());
  store_little(&envelope[4], protocol_version);
  store_little(&envelope[6], static_cast<std::uint8_t>(kind));
  store_little(&envelope[8], epoch);
  store_little(&envelope[16], seq);
  store_little(&envelope[24], static_cast<std::uint32_t>(payload.size()));
  store_little(&envelope[28], crc32(payload));
  return Frames{std::move(envelope), std::move(payload)};
}

/// What `header` says of `payload`, once all of it is found true. The rules in the order of docs/engine-link.md.
inline Result<Envelope> check(std::string_view header, std::string_view payload) {
  if (header.size() != envelope_bytes) return Fault{Reason::EnvelopeSize, "the envelope is not 32 bytes"};
  if (header.substr(0, 4) != magic) return Fault{Reason::Magic, "does not begin with TMW1"};
  if (load_little<std::uint16_t>(header, 4) != protocol_version) return Fault{Reason::Version, "not version 1"};
  const auto kind = load_little<std::uint8_t>(header, 6);
  if (kind < 1 || kind > 4) return Fault{Reason::Kind, "kind " + std::to_string(kind) + " is unknown"};
  if (header[7] != 0) return Fault{Reason::Flags, "reserved bits are set"};
  const std::size_t length = load_little<std::uint32_t>(header, 24);
  if (length > max_payload_bytes || payload.size() > max_payload_bytes)
    return Fault{Reason::TooLarge, "the payload exceeds 4 MiB"};
  if (length != payload.size()) return Fault{Reason::Length, "the payload has another length than the envelope says"};
  if (load_little<std::uint32_t>(header, 28) != crc32(payload))
    return Fault{Reason::Checksum, "the payload is not the one that was sealed"};
  const Envelope found{static_cast<Kind>(kind), load_little<std::uint64_t>(header, 8),
                       load_little<std::uint64_t>(header, 16)};
  if (((found.epoch | found.seq) >> 63) != 0) return Fault{Reason::Numbering, "epoch or seq leaves 63 bits"};
  return found;
}

}  // namespace tmw
