// Which bytes are one MessagePack value, and how is one written in the shortest way?
//
// No recursion and no allocation: a value that nests without end costs no stack.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tmw {

enum class Format { Nil, Boolean, Integer, Negative, Float, Text, Binary, Array, Map, Extension };

/// The head of a value, with its content where it has no items.
struct Item {
  Format format = Format::Nil;
  std::uint64_t number = 0;  ///< the integer or boolean; how many items an array or pairs a map has
  std::string_view bytes;    ///< of a text or binary
};

/// Reads one item after the other.
class Unpacker {
 public:
  explicit Unpacker(std::string_view payload) : rest_(payload) {}

  bool at_end() const { return rest_.empty(); }

  /// False = the bytes end too soon, or are no MessagePack.
  bool next(Item& item) {
    std::uint64_t opcode = 0;
    if (!number(1, opcode)) return false;
    if (opcode <= 0x7F) return set(item, Format::Integer, opcode);
    if (opcode <= 0x8F) return set(item, Format::Map, opcode & 15);
    if (opcode <= 0x9F) return set(item, Format::Array, opcode & 15);
    if (opcode <= 0xBF) return content(item, Format::Text, opcode & 31);
    if (opcode >= 0xE0) return set(item, Format::Negative, 0);
    return headed(item, static_cast<unsigned>(opcode));
  }

  /// Passes over one value with all that is in it.
  bool skip() {
    for (std::uint64_t values = 1; values > 0; --values) {
      Item item;
      if (!next(item)) return false;
      if (item.format == Format::Array) values += item.number;
      if (item.format == Format::Map) values += 2 * item.number;
    }
    return true;
  }

 private:
  bool headed(Item& item, unsigned opcode) {
    if (opcode == 0xC0) return set(item, Format::Nil, 0);
    if (opcode == 0xC1) return false;
    if (opcode <= 0xC3) return set(item, Format::Boolean, opcode & 1);
    if (opcode <= 0xC6) return sized(item, Format::Binary, opcode - 0xC4, 0);
    if (opcode <= 0xC9) return sized(item, Format::Extension, opcode - 0xC7, 1);
    if (opcode <= 0xCB) return content(item, Format::Float, opcode == 0xCA ? 4 : 8);
    if (opcode <= 0xCF) return set(item, Format::Integer) && number(1u << (opcode - 0xCC), item.number);
    if (opcode <= 0xD3) return signed_integer(item, 1u << (opcode - 0xD0));
    if (opcode <= 0xD8) return content(item, Format::Extension, 1 + (1u << (opcode - 0xD4)));
    if (opcode <= 0xDB) return sized(item, Format::Text, opcode - 0xD9, 0);
    if (opcode <= 0xDD) return set(item, Format::Array) && number(2u << (opcode - 0xDC), item.number);
    return set(item, Format::Map) && number(2u << (opcode - 0xDE), item.number);
  }

  static bool set(Item& item, Format format, std::uint64_t number = 0) {
    item = Item{format, number, {}};
    return true;
  }

  /// A big-endian number of that many bytes.
  bool number(std::size_t bytes, std::uint64_t& value) {
    if (rest_.size() < bytes) return false;
    value = 0;
    for (std::size_t at = 0; at < bytes; ++at) value = value << 8 | static_cast<unsigned char>(rest_[at]);
    rest_.remove_prefix(bytes);
    return true;
  }

  bool signed_integer(Item& item, std::size_t bytes) {
    std::uint64_t value = 0;
    if (!number(bytes, value)) return false;
    const bool negative = (value >> (8 * bytes - 1) & 1) != 0;
    return set(item, negative ? Format::Negative : Format::Integer, negative ? 0 : value);
  }

  /// A length of 1, 2 or 4 bytes, then that many bytes and `more`.
  bool sized(Item& item, Format format, unsigned power, std::uint64_t more) {
    std::uint64_t length = 0;
    return number(std::size_t{1} << power, length) && content(item, format, length + more);
  }

  bool content(Item& item, Format format, std::uint64_t length) {
    if (length > rest_.size()) return false;
    item = Item{format, 0, rest_.substr(0, static_cast<std::size_t>(length))};
    rest_.remove_prefix(static_cast<std::size_t>(length));
    return true;
  }

  std::string_view rest_;
};

/// Are the bytes exactly one MessagePack value?
inline bool is_one_value(std::string_view payload) {
  Unpacker in(payload);
  return in.skip() && in.at_end();
}

/// Writes values in their shortest form.
class Packer {
 public:
  void nil() { byte(0xC0); }
  void boolean(bool value) { byte(value ? 0xC3 : 0xC2); }

  void integer(std::uint64_t value) {
    if (value <= 0x7F) return byte(static_cast<unsigned>(value));
    const unsigned power = value <= 0xFF ? 0 : value <= 0xFFFF ? 1 : value <= 0xFFFFFFFF ? 2 : 3;
    byte(0xCC + power);
    number(value, 1u << power);
  }

  void text(std::string_view value) {
    if (value.size() <= 31) {
      byte(0xA0 | static_cast<unsigned>(value.size()));
    } else {
      const unsigned power = value.size() <= 0xFF ? 0 : value.size() <= 0xFFFF ? 1 : 2;
      byte(0xD9 + power);
      number(value.size(), 1u << power);
    }
    out_ += value;
  }

  void array(std::size_t items) { head(0x90, 0xDC, items); }
  void map(std::size_t pairs) { head(0x80, 0xDE, pairs); }

  std::string take() { return std::move(out_); }

 private:
  void head(unsigned small, unsigned large, std::size_t count) {
    if (count <= 15) return byte(small | static_cast<unsigned>(count));
    const bool wide = count > 0xFFFF;
    byte(wide ? large + 1 : large);
    number(count, wide ? 4 : 2);
  }

  void byte(unsigned value) { out_ += static_cast<char>(value); }

  void number(std::uint64_t value, unsigned bytes) {
    while (bytes-- > 0) byte(static_cast<unsigned>(value >> (8 * bytes) & 0xFF));
  }

  std::string out_;
};

}  // namespace tmw
