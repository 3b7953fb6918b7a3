// Which updates does a message carry? Reads the flat JSON objects of a quote without building anything.
#pragma once

#include <cstdint>
#include <string_view>

struct Item {
    std::string_view symbol;
    int64_t epoch = 0;
    int64_t seq = -1;
    int64_t prev_seq = -1;  // -1: this server names no predecessor
    int64_t skipped = 0;
    int64_t ts_us = -1;
    std::string_view rest = {};  // the members behind those above, unread
};

// Takes one object off the front of `json`; false where it is not one. Symbol, seq and ts must be there.
bool take_item(std::string_view& json, Item& item);

// Calls `see(item)` for every object of a list `{…},{…}`; false where it is not one.
template <typename See>
bool take_items(std::string_view json, See&& see) {
    for (;;) {
        Item item;
        if (!take_item(json, item)) return false;
        see(item);
        if (json.empty()) return true;
        if (json.front() != ',') return false;
        json.remove_prefix(1);
    }
}
