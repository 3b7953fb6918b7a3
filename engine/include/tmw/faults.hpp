// Why was a message refused? One style for the whole kit: what can fail returns a `Result`, nothing throws.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "tmw/vocabulary.hpp"

namespace tmw {

/// The first rule that was broken: `reason` is for counting, `detail` for people.
struct Fault {
  Reason reason{};
  std::string detail;
};

/// The word of an enumerator as it stands on the wire.
template <class Enumeration>
constexpr std::string_view word(Enumeration member) {
  return Words<Enumeration>::all[static_cast<std::size_t>(member)];
}

/// A value, or why there is none. Ask `ok()` before you take either.
template <class Value>
class [[nodiscard]] Result {
 public:
  Result(Value value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(Fault fault) : content_(std::in_place_index<1>, std::move(fault)) {}

  bool ok() const { return content_.index() == 0; }
  const Value& value() const { return std::get<0>(content_); }
  Value& value() { return std::get<0>(content_); }
  const Fault& fault() const { return std::get<1>(content_); }

 private:
  std::variant<Value, Fault> content_;
};

}  // namespace tmw
