// Is this MessagePack value one of the messages that may come here, and what does it say?
//
// Strict: a field that is unknown, missing, mistyped or beyond its limits, or a key that comes twice, is a fault.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "tmw/faults.hpp"
#include "tmw/limits.hpp"
#include "tmw/message_pack.hpp"
#include "tmw/rules.hpp"
#include "tmw/uuid.hpp"

namespace tmw {

/// Reads the fields of one message; the first fault ends it and says where.
class MapReader {
 public:
  explicit MapReader(std::string_view payload) : in_(payload) {}

  bool repeated_key() const { return repeated_key_; }
  const std::string& detail() const { return detail_; }

  template <class Map>
  bool read_map(Map& map) {
    Item head;
    if (!in_.next(head) || head.format != Format::Map) return refuse("a map is expected");
    std::uint64_t seen = 0;
    for (std::uint64_t pair = 0; pair < head.number; ++pair)
      if (!read_pair(map, seen)) return false;
    return is_complete(map, seen);
  }

 private:
  static constexpr unsigned type_bit = 63;

  template <class Map>
  bool read_pair(Map& map, std::uint64_t& seen) {
    std::string_view key;
    if (!read_text(key)) return refuse("a key is no text");
    if (!Map::tag.empty() && key == "type") return read_tag(Map::tag, seen);
    unsigned index = 0;
    bool known = false, sound = false;
    Map::each_field(map, [&](std::string_view name, auto& member, const auto& limits, bool) {
      if (name == key) {
        known = true;
        note(seen, index);
        sound = read_field(member, limits);
      }
      ++index;
    });
    if (!known) return refuse("a field is unknown");
    return sound || refuse("field " + std::string(key) + " is mistyped or beyond its limits");
  }

  bool read_tag(std::string_view tag, std::uint64_t& seen) {
    std::string_view found;
    note(seen, type_bit);
    return (read_text(found) && found == tag) || refuse("two types");
  }

  void note(std::uint64_t& seen, unsigned index) {
    const std::uint64_t bit = std::uint64_t{1} << index;
    repeated_key_ = repeated_key_ || (seen & bit) != 0;
    seen |= bit;
  }

  template <class Map>
  bool is_complete(const Map& map, std::uint64_t seen) {
    unsigned index = 0;
    std::string_view missing;
    Map::each_field(map, [&](std::string_view name, const auto&, const auto&, bool required) {
      if (required && (seen >> index & 1) == 0) missing = name;
      ++index;
    });
    return missing.empty() || refuse("field " + std::string(missing) + " is missing");
  }

  template <class Value, class Limits>
  bool read_field(std::optional<Value>& value, const Limits& limits) {
    Unpacker ahead = in_;
    Item item;
    if (ahead.next(item) && item.format == Format::Nil) {
      in_ = ahead;
      value.reset();
      return true;
    }
    return read(value.emplace(), limits);
  }

  template <class Value, class Limits>
  bool read_field(Value& value, const Limits& limits) {
    return read(value, limits);
  }

  template <class Integer, std::enable_if_t<std::is_integral_v<Integer>, int> = 0>
  bool read(Integer& value, const IntegerLimits& limits) {
    Item item;
    if (!in_.next(item) || item.format != Format::Integer) return false;
    if (item.number > static_cast<std::uint64_t>(int64_max)) return false;
    if (!fits(limits, static_cast<std::int64_t>(item.number))) return false;
    value = static_cast<Integer>(item.number);
    return true;
  }

  bool read(Level& level, const IntegerLimits& limits) {
    Item item;
    if (!in_.next(item) || item.format != Format::Array || item.number != 2) return false;
    return read(level.price_e8, limits) && read(level.size_e8, limits);
  }

  bool read(std::string& value, const TextLimits& limits) {
    std::string_view text;
    if (!read_text(text) || !fits(limits, text)) return false;
    value = text;
    return true;
  }

  bool read(bool& value, NoLimits) {
    Item item;
    if (!in_.next(item) || item.format != Format::Boolean) return false;
    value = item.number != 0;
    return true;
  }

  bool read(Uuid& value, NoLimits) {
    Item item;
    if (!in_.next(item)) return false;
    std::optional<Uuid> id;
    if (item.format == Format::Text) id = uuid_of_text(item.bytes);
    if (item.format == Format::Binary) id = uuid_of_bytes(item.bytes);
    if (id) value = *id;
    return id.has_value();
  }

  template <class WordOrMap>
  bool read(WordOrMap& value, NoLimits) {
    if constexpr (std::is_enum_v<WordOrMap>) {
      std::string_view text;
      return read_text(text) && find_word(value, text);
    } else {
      return read_map(value);
    }
  }

  template <class Value, class Limits>
  bool read(std::vector<Value>& list, const ListLimits<Limits>& limits) {
    Item item;
    if (!in_.next(item) || item.format != Format::Array || item.number > limits.most) return false;
    list.clear();
    for (std::uint64_t at = 0; at < item.number; ++at)
      if (!read(list.emplace_back(), limits.item)) return false;
    return true;
  }

  template <class Enumeration>
  static bool find_word(Enumeration& value, std::string_view text) {
    for (std::size_t at = 0; at < Words<Enumeration>::all.size(); ++at) {
      if (Words<Enumeration>::all[at] != text) continue;
      value = static_cast<Enumeration>(at);
      return true;
    }
    return false;
  }

  bool read_text(std::string_view& text) {
    Item item;
    if (!in_.next(item) || item.format != Format::Text) return false;
    text = item.bytes;
    return true;
  }

  bool refuse(std::string why) {
    if (detail_.empty()) detail_ = std::move(why);
    return false;
  }

  Unpacker in_;
  std::string detail_;
  bool repeated_key_ = false;
};

/// The text under the first key `type`; nothing = there is none.
inline std::optional<std::string_view> type_of(std::string_view payload) {
  Unpacker in(payload);
  Item map, key, value;
  if (!in.next(map) || map.format != Format::Map) return std::nullopt;
  for (std::uint64_t pair = 0; pair < map.number; ++pair) {
    if (!in.next(key) || key.format != Format::Text) return std::nullopt;
    if (key.bytes == "type") {
      if (!in.next(value) || value.format != Format::Text) return std::nullopt;
      return value.bytes;
    }
    if (!in.skip()) return std::nullopt;
  }
  return std::nullopt;
}

namespace detail {

template <class... Messages>
bool choose(std::variant<Messages...>& message, std::string_view type) {
  return ((type == Messages::tag ? (message.template emplace<Messages>(), true) : false) || ...);
}

}  // namespace detail

/// The message in `payload`, one of those of `Union`.
template <class Union>
Result<Union> read_message(std::string_view payload) {
  if (!is_one_value(payload)) return Fault{Reason::NotMessagepack, "not exactly one MessagePack value"};
  const auto type = type_of(payload);
  Union message;
  if (!type || !detail::choose(message, *type)) return Fault{Reason::Schema, "no message that may come here"};
  MapReader reader(payload);
  const bool sound = std::visit([&](auto& chosen) { return reader.read_map(chosen); }, message);
  if (!sound) return Fault{Reason::Schema, reader.detail()};
  if (reader.repeated_key()) return Fault{Reason::RepeatedKey, "a map has one key twice"};
  const char* fault = std::visit([](const auto& chosen) { return contradiction(chosen); }, message);
  if (fault != nullptr) return Fault{Reason::Range, fault};
  return message;
}

}  // namespace tmw
