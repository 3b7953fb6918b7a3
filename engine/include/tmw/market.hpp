// What stands in a batch of quotes, trades or book changes, and how is one written?
//
// A batch is a FlatBuffers table with one vector of fixed-size structs; docs/engine-link.md has its bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tmw/envelope.hpp"
#include "tmw/faults.hpp"
#include "tmw/market_rows.hpp"

namespace tmw {

template <class Row>
inline constexpr Kind kind_of = Kind::Message;
template <>
inline constexpr Kind kind_of<Quote> = Kind::Quotes;
template <>
inline constexpr Kind kind_of<Trade> = Kind::Trades;
template <>
inline constexpr Kind kind_of<Depth> = Kind::Depth;

namespace detail {

inline constexpr std::size_t batch_head_bytes = 24;

inline const char* impossible(const Quote&) { return nullptr; }

inline const char* impossible(const Trade& trade) {
  if (trade.aggressor > 2) return "an aggressor beyond 2";
  return trade.price_e8 == 0 || trade.size_e8 == 0 ? "a trade without price or size" : nullptr;
}

inline const char* impossible(const Depth& level) {
  if (level.side > 2) return "a side beyond 2";
  if (level.side == 0) return level.price_e8 != 0 || level.size_e8 != 0 ? "a cleared book with a level" : nullptr;
  return level.price_e8 == 0 ? "a level without price" : nullptr;
}

inline bool is_negative(std::int64_t value) { return value < 0; }
template <class Small>
bool is_negative(Small) {
  return false;
}

/// What no reader takes in a row; null = nothing.
template <class Row>
const char* row_fault(const Row& row) {
  bool negative = false;
  Row::each_field(row,
                  [&](std::string_view, const auto& value, std::size_t) { negative = negative || is_negative(value); });
  if (negative) return "a negative number";
  return row.instrument_id == 0 ? "an instrument id of 0" : impossible(row);
}

/// A flag is 0 or 1 on the wire; false = it is neither.
inline bool load(bool& value, std::string_view payload, std::size_t at) {
  value = payload[at] == 1;
  return value || payload[at] == 0;
}

template <class Number>
bool load(Number& value, std::string_view payload, std::size_t at) {
  value = load_little<Number>(payload, at);
  return true;
}

template <class Row>
const char* load_row(Row& row, std::string_view payload, std::size_t start) {
  bool sound = true;
  Row::each_field(row, [&](std::string_view, auto& value, std::size_t offset) {
    sound = load(value, payload, start + offset) && sound;
  });
  return sound ? row_fault(row) : "a flag that is neither 0 nor 1";
}

/// A number at a position that may lie anywhere; nothing = outside of the payload.
template <class Number>
std::optional<std::int64_t> number_at(std::string_view payload, std::int64_t at) {
  const auto bytes = static_cast<std::int64_t>(sizeof(Number));
  if (at < 0 || at > static_cast<std::int64_t>(payload.size()) - bytes) return std::nullopt;
  return static_cast<std::int64_t>(load_little<Number>(payload, static_cast<std::size_t>(at)));
}

/// Where the rows begin: root, table, vtable and vector are found to lie inside the payload.
inline std::optional<std::int64_t> first_row(std::string_view payload) {
  const auto table = number_at<std::uint32_t>(payload, 0);
  const auto back = table ? number_at<std::int32_t>(payload, *table) : std::nullopt;
  if (!back) return std::nullopt;
  const std::int64_t vtable = *table - *back;
  const auto vtable_bytes = number_at<std::uint16_t>(payload, vtable);
  const auto table_bytes = number_at<std::uint16_t>(payload, vtable + 2);
  const auto field = number_at<std::uint16_t>(payload, vtable + 4);
  if (vtable < 0 || !vtable_bytes || !table_bytes || !field) return std::nullopt;
  if (*vtable_bytes < 6 || *field < 4 || *field > *table_bytes - 4) return std::nullopt;
  const auto vector = number_at<std::uint32_t>(payload, *table + *field);
  if (!vector || !number_at<std::uint32_t>(payload, *table + *field + *vector)) return std::nullopt;
  return *table + *field + *vector + 4;
}

}  // namespace detail

/// The rows of a batch, in order; a fault is FLATBUFFER or RANGE.
template <class Row>
Result<std::vector<Row>> read_batch(std::string_view payload) {
  const auto start = detail::first_row(payload);
  if (!start) return Fault{Reason::Flatbuffer, "an offset leads out of the payload"};
  const auto first = static_cast<std::size_t>(*start);
  const std::uint64_t count = load_little<std::uint32_t>(payload, first - 4);
  if (first % 8 != 0 || first + count * Row::row_bytes != payload.size())
    return Fault{Reason::Flatbuffer, "the rows do not end where the payload ends"};
  std::vector<Row> rows(static_cast<std::size_t>(count));
  for (std::size_t at = 0; at < rows.size(); ++at)
    if (const char* fault = detail::load_row(rows[at], payload, first + at * Row::row_bytes))
      return Fault{Reason::Range, fault};
  return rows;
}

/// The payload of a batch; a fault (RANGE) for rows that a reader would refuse.
template <class Row>
Result<std::string> write_batch(const std::vector<Row>& rows) {
  std::string payload(detail::batch_head_bytes + rows.size() * Row::row_bytes, '\0');
  store_little(&payload[0], std::uint32_t{12});  // the root table
  store_little(&payload[6], std::uint16_t{6});   // size of the vtable
  store_little(&payload[8], std::uint16_t{8});   // size of the table
  store_little(&payload[10], std::uint16_t{4});  // where in the table the vector's offset is
  store_little(&payload[12], std::uint32_t{6});  // how far before the table the vtable is
  store_little(&payload[16], std::uint32_t{4});  // the vector, from here
  store_little(&payload[20], static_cast<std::uint32_t>(rows.size()));
  char* to = &payload[0] + detail::batch_head_bytes;
  for (const Row& row : rows) {
    if (const char* fault = detail::row_fault(row)) return Fault{Reason::Range, fault};
    Row::each_field(row,
                    [&](std::string_view, const auto& value, std::size_t offset) { store_little(to + offset, value); });
    to += Row::row_bytes;
  }
  return payload;
}

/// The frames of a batch: `seq` is its number in its topic.
template <class Row>
Result<Frames> encode_batch(const std::vector<Row>& rows, std::uint64_t epoch, std::uint64_t seq) {
  Result<std::string> payload = write_batch(rows);
  if (!payload.ok()) return payload.fault();
  return seal(kind_of<Row>, std::move(payload.value()), epoch, seq);
}

/// The rows of the batch in `frames`, without its topic frame.
template <class Row>
Result<std::vector<Row>> decode_batch(const FrameViews& frames) {
  if (frames.size() != 2) return Fault{Reason::FrameCount, "not exactly envelope and payload"};
  const Result<Envelope> envelope = check(frames[0], frames[1]);
  if (!envelope.ok()) return envelope.fault();
  if (envelope.value().kind != kind_of<Row>) return Fault{Reason::Kind, "not the kind that is expected"};
  return read_batch<Row>(frames[1]);
}

}  // namespace tmw
