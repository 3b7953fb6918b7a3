// Which reader does a golden vector mean by its `decoder`, and what does the kit write of what that has read?
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "tmw/codec.hpp"
#include "tmw/market.hpp"

namespace tmw::tests {

inline constexpr std::string_view decoders[] = {"to_engine", "from_engine", "query",  "query_reply", "bar",
                                                "published", "quotes",      "trades", "depth"};

template <class Union>
Result<Frames> written(const Result<Union>& read, const Envelope& envelope = {}) {
  if (!read.ok()) return read.fault();
  const auto write = [&](const auto& message) { return encode_numbered(message, envelope.epoch, envelope.seq); };
  return std::visit(write, read.value());
}

inline Result<Frames> written_published(const Result<Received<Published>>& read) {
  if (!read.ok()) return read.fault();
  return written(Result<Published>(read.value().message), read.value().envelope);
}

template <class Row>
Result<Frames> written_batch(const FrameViews& frames) {
  const auto rows = decode_batch<Row>(frames);
  if (!rows.ok()) return rows.fault();
  const Envelope envelope = check(frames[0], frames[1]).value();
  return encode_batch(rows.value(), envelope.epoch, envelope.seq);
}

/// Reads the frames and writes them again, in the one form that the kit and Python write.
inline Result<Frames> read_and_write(std::string_view decoder, const FrameViews& frames) {
  if (decoder == "to_engine") return written(decode_to_engine(frames));
  if (decoder == "from_engine") return written(decode_from_engine(frames));
  if (decoder == "query") return written(decode_query(frames));
  if (decoder == "query_reply") return written(decode_query_reply(frames));
  if (decoder == "bar") return written(decode_bar(frames));
  if (decoder == "published") return written_published(decode_published(frames));
  if (decoder == "quotes") return written_batch<Quote>(frames);
  if (decoder == "trades") return written_batch<Trade>(frames);
  return written_batch<Depth>(frames);
}

inline std::string of_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2)
    bytes += static_cast<char>(detail::hex_digit(hex[at]) << 4 | detail::hex_digit(hex[at + 1]));
  return bytes;
}

inline std::string to_hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  for (const char byte : bytes) {
    hex += digits[static_cast<unsigned char>(byte) >> 4];
    hex += digits[static_cast<unsigned char>(byte) & 15];
  }
  return hex;
}

}  // namespace tmw::tests
