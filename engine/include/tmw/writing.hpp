// How does a message become MessagePack? Only a sound one does: an engine hears of its own fault first.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tmw/faults.hpp"
#include "tmw/limits.hpp"
#include "tmw/message_pack.hpp"
#include "tmw/rules.hpp"
#include "tmw/uuid.hpp"

namespace tmw {

/// Writes the fields of one message, in their order; `faulty()` names the first one beyond its limits.
class MapWriter {
 public:
  const std::string& faulty() const { return faulty_; }
  std::string take() { return out_.take(); }

  template <class Map>
  void write_map(const Map& map) {
    std::size_t pairs = Map::tag.empty() ? 0 : 1;
    Map::each_field(map, [&](std::string_view, const auto&, const auto&, bool) { ++pairs; });
    out_.map(pairs);
    if (!Map::tag.empty()) {
      out_.text("type");
      out_.text(Map::tag);
    }
    Map::each_field(map, [&](std::string_view name, const auto& member, const auto& limits, bool) {
      out_.text(name);
      if (!write_field(member, limits) && faulty_.empty()) faulty_ = name;
    });
  }

 private:
  template <class Value, class Limits>
  bool write_field(const std::optional<Value>& value, const Limits& limits) {
    if (value) return write(*value, limits);
    out_.nil();
    return true;
  }

  template <class Value, class Limits>
  bool write_field(const Value& value, const Limits& limits) {
    return write(value, limits);
  }

  template <class Integer, std::enable_if_t<std::is_integral_v<Integer>, int> = 0>
  bool write(Integer value, const IntegerLimits& limits) {
    out_.integer(static_cast<std::uint64_t>(value));
    return fits(limits, static_cast<std::int64_t>(value));
  }

  bool write(const Level& level, const IntegerLimits& limits) {
    out_.array(2);
    const bool price_fits = write(level.price_e8, limits);
    return write(level.size_e8, limits) && price_fits;
  }

  bool write(const std::string& value, const TextLimits& limits) {
    out_.text(value);
    return fits(limits, value);
  }

  bool write(bool value, NoLimits) {
    out_.boolean(value);
    return true;
  }

  bool write(const Uuid& value, NoLimits) {
    out_.text(to_text(value));
    return true;
  }

  template <class WordOrMap>
  bool write(const WordOrMap& value, NoLimits) {
    if constexpr (std::is_enum_v<WordOrMap>) {
      if (static_cast<std::size_t>(value) >= Words<WordOrMap>::all.size()) return false;
      out_.text(word(value));
    } else {
      write_map(value);
    }
    return true;
  }

  template <class Value, class Limits>
  bool write(const std::vector<Value>& list, const ListLimits<Limits>& limits) {
    bool sound = list.size() <= limits.most;
    out_.array(list.size());
    for (const Value& value : list) sound = write(value, limits.item) && sound;
    return sound;
  }

  Packer out_;
  std::string faulty_;
};

/// The payload of `message`; a fault (SCHEMA, RANGE) for one that a reader would refuse.
template <class Message>
Result<std::string> write_message(const Message& message) {
  if (const char* fault = contradiction(message)) return Fault{Reason::Range, fault};
  MapWriter writer;
  writer.write_map(message);
  if (!writer.faulty().empty()) return Fault{Reason::Schema, "field " + writer.faulty() + " is beyond its limits"};
  return writer.take();
}

}  // namespace tmw
