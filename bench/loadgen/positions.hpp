// Did a socket get every update of each symbol that it asked for, once and in order?
#pragma once

#include <cstdint>
#include <vector>

#include "items.hpp"

struct Faults {
    uint64_t holes = 0;       // times that numbers were missing
    uint64_t lost = 0;        // how many numbers were missing
    uint64_t disordered = 0;  // a number that was not above the one before
    uint64_t unasked = 0;     // a symbol that this socket did not ask for
    uint64_t mismatched = 0;  // a book whose checksum is not the one that was named
    uint64_t merged = 0;      // not a fault: updates that the server says it merged into others
};

// The last number of one (socket, symbol).
class Position {
public:
    void ask() { asked_ = true; }
    bool asked() const { return asked_; }

    void snapshot(const Item& item) { epoch_ = item.epoch, seq_ = item.seq; }

    void update(const Item& item, Faults& faults) {
        const bool same_epoch = item.epoch == epoch_ || seq_ == 0;
        const int64_t named = item.prev_seq < 0 ? item.seq - 1 : item.prev_seq;
        if (same_epoch && item.seq <= seq_) {
            ++faults.disordered;
            return;
        }
        if (!same_epoch || named != seq_ || item.seq != named + 1 + item.skipped) {
            ++faults.holes;
            if (same_epoch && item.seq > seq_) faults.lost += item.seq - seq_ - 1 - item.skipped;
        }
        faults.merged += item.skipped;
        epoch_ = item.epoch, seq_ = item.seq;
    }

private:
    int64_t epoch_ = 0;
    int64_t seq_ = 0;  // every stream begins with 1, and all are subscribed before the feed starts
    bool asked_ = false;
};
