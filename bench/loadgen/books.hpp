// Do the levels that a socket has been sent make the book that its server means? CRC32 over the ten best a side.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

// One instrument's book, from the texts of the items.
class Book {
public:
    enum class Found { True, False, Unreadable };

    // `members`: what follows an item's time stamp: `"bids":[["1.0","5"],…],"asks":[…],"checksum":7`.
    Found take(std::string_view members, bool whole);

private:
    struct Level {
        std::string price, size;
    };
    using Side = std::map<int64_t, Level>;  // by price

    static bool take_side(std::string_view& members, std::string_view name, Side& side);
    uint32_t checksum() const;

    Side bids_, asks_;
};

// The books of one socket, by the symbol's number.
using Books = std::unordered_map<int, Book>;

// As zlib's.
uint32_t crc32_of(std::string_view bytes);
