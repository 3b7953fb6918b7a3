#include "items.hpp"

#include <charconv>

namespace {

// The text up to `mark`, which is taken off too; false where there is no mark.
bool take_until(std::string_view& json, char mark, std::string_view& text) {
    const size_t end = json.find(mark);
    if (end == std::string_view::npos) return false;
    text = json.substr(0, end);
    json.remove_prefix(end + 1);
    return true;
}

// Some servers write a space behind each ':' and ','.
void pass_space(std::string_view& json) {
    if (!json.empty() && json.front() == ' ') json.remove_prefix(1);
}

bool take(std::string_view& json, char wanted) {
    if (json.empty() || json.front() != wanted) return false;
    json.remove_prefix(1);
    return true;
}

int64_t* number_of(std::string_view name, Item& item) {
    if (name == "seq") return &item.seq;
    if (name == "ts") return &item.ts_us;
    if (name == "prevSeq") return &item.prev_seq;
    if (name == "epoch") return &item.epoch;
    if (name == "skipped") return &item.skipped;
    return nullptr;
}

bool take_number(std::string_view& json, int64_t& number) {
    const auto read = std::from_chars(json.data(), json.data() + json.size(), number);
    if (read.ec != std::errc() || number < 0) return false;
    json.remove_prefix(read.ptr - json.data());
    return true;
}

bool take_member(std::string_view& json, Item& item) {
    std::string_view name, text;
    if (!take(json, '"') || !take_until(json, '"', name) || !take(json, ':')) return false;
    pass_space(json);
    if (int64_t* number = number_of(name, item)) return take_number(json, *number);
    if (take(json, '"')) {
        if (!take_until(json, '"', text)) return false;
        if (name == "symbol") item.symbol = text;
        return true;
    }
    const size_t end = json.find_first_of(",}");
    if (end == std::string_view::npos) return false;
    json.remove_prefix(end);
    return true;
}

bool is_known(const Item& item) { return !item.symbol.empty() && item.seq >= 0 && item.ts_us >= 0; }

}  // namespace

bool take_item(std::string_view& json, Item& item) {
    if (!take(json, '{')) return false;
    while (take_member(json, item)) {
        if (take(json, '}')) return is_known(item);
        if (!take(json, ',')) return false;
        pass_space(json);
        // All servers put these first and values hold no braces: the rest of the object is passed over in one look.
        if (is_known(item)) return take_until(json, '}', item.rest);
    }
    return false;
}
