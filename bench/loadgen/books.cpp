#include "books.hpp"

#include <array>
#include <charconv>

namespace {

constexpr int kLevels = 10;
constexpr int kDecimals = 8;

std::array<uint32_t, 256> crc_table() {
    std::array<uint32_t, 256> table{};
    for (uint32_t byte = 0; byte < table.size(); ++byte) {
        uint32_t rest = byte;
        for (int bit = 0; bit < 8; ++bit) rest = rest & 1 ? 0xEDB88320u ^ rest >> 1 : rest >> 1;
        table[byte] = rest;
    }
    return table;
}

bool pass(std::string_view& text, std::string_view wanted) {
    if (text.substr(0, wanted.size()) != wanted) return false;
    text.remove_prefix(wanted.size());
    return true;
}

// `"…"`
bool take_text(std::string_view& json, std::string_view& text) {
    if (!pass(json, "\"")) return false;
    const size_t end = json.find('"');
    if (end == std::string_view::npos) return false;
    text = json.substr(0, end);
    json.remove_prefix(end + 1);
    return true;
}

// In units of 10^-8; -1 where it is no decimal that fits.
int64_t scaled(std::string_view decimal) {
    int64_t value = 0;
    int decimals = -1;
    for (const char one : decimal) {
        if (one == '.' && decimals < 0) {
            decimals = 0;
        } else if (one >= '0' && one <= '9' && decimals < kDecimals && value < INT64_MAX / 100) {
            value = value * 10 + (one - '0');
            decimals += decimals >= 0;
        } else {
            return -1;
        }
    }
    for (int missing = std::max(decimals, 0); missing < kDecimals; ++missing) {
        if (value > INT64_MAX / 10) return -1;
        value *= 10;
    }
    return decimal.empty() ? -1 : value;
}

}  // namespace

uint32_t crc32_of(std::string_view bytes) {
    static const std::array<uint32_t, 256> table = crc_table();
    uint32_t sum = ~0u;
    for (const char byte : bytes) sum = table[(sum ^ static_cast<unsigned char>(byte)) & 0xFF] ^ sum >> 8;
    return ~sum;
}

Book::Found Book::take(std::string_view members, bool whole) {
    if (whole) bids_.clear(), asks_.clear();
    uint32_t named = 0;
    if (!take_side(members, R"("bids":[)", bids_) || !take_side(members, R"("asks":[)", asks_) ||
        !pass(members, R"("checksum":)") ||
        std::from_chars(members.data(), members.data() + members.size(), named).ec != std::errc())
        return Found::Unreadable;
    return named == checksum() ? Found::True : Found::False;
}

bool Book::take_side(std::string_view& members, std::string_view name, Side& side) {
    const size_t begin = members.find(name);
    if (begin == std::string_view::npos) return false;
    members.remove_prefix(begin + name.size());
    for (std::string_view price, size; pass(members, "["); pass(members, ",")) {
        if (!take_text(members, price) || !pass(members, ",") || !take_text(members, size) || !pass(members, "]"))
            return false;
        const int64_t key = scaled(price);
        if (key < 0) return false;
        if (size == "0") side.erase(key);
        else side[key] = {std::string(price), std::string(size)};
    }
    if (!pass(members, "]")) return false;
    pass(members, ",");
    return true;
}

uint32_t Book::checksum() const {
    std::string text;
    int left = kLevels;
    for (auto ask = asks_.begin(); ask != asks_.end() && left; ++ask, --left)
        text += ask->second.price + ':' + ask->second.size + ';';
    left = kLevels;
    for (auto bid = bids_.rbegin(); bid != bids_.rend() && left; ++bid, --left)
        text += bid->second.price + ':' + bid->second.size + ';';
    return crc32_of(text);
}
