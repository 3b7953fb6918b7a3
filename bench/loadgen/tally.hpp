// What came in? Every item is checked, from the first; those of the measured time are counted.
#pragma once

#include <algorithm>
#include <cstdio>
#include <vector>

#include "connection.hpp"
#include "histogram.hpp"
#include "positions.hpp"
#include "wishes.hpp"

class Tally : public Listener {
public:
    Tally(const Wishes& wishes, int universe) : wishes_(wishes), newest_(universe) {}

    void subscribed() override { ++subscribed_; }

    void items(std::vector<Position>& positions, const Reading& reading, size_t bytes) override {
        const bool update = reading.kind == Reading::Kind::Updates;
        const uint64_t before = updates;
        const auto see = [&](const Item& item) { take(positions, item, update); };
        if (!take_items(reading.items, see)) throw Unreadable(reading.items);
        if (!update || !counting) return;
        ++frames;
        this->bytes += bytes;
        most_a_frame = std::max(most_a_frame, updates - before);
    }

    // The sum of all symbols' newest numbers: its growth is what the feed published.
    uint64_t published() const {
        uint64_t sum = 0;
        for (const int64_t seq : newest_) sum += seq;
        return sum;
    }

    // How many symbols any socket has had: of the others nothing is known.
    int seen_symbols() const {
        return static_cast<int>(std::count_if(newest_.begin(), newest_.end(), [](int64_t seq) { return seq > 0; }));
    }

    int subscribed_count() const { return subscribed_; }

    Faults faults;
    Histogram delays;
    uint64_t updates = 0, frames = 0, bytes = 0, most_a_frame = 0;
    int64_t now_us = 0;  // when the bytes in hand were received
    int64_t newest_ts_us = 0;
    bool counting = false;

private:
    void take(std::vector<Position>& positions, const Item& item, bool update) {
        const int number = wishes_.number_of(item.symbol);
        if (number < 0 || !positions[number].asked()) {
            ++faults.unasked;
            return;
        }
        if (!update) return positions[number].snapshot(item);
        positions[number].update(item, faults);
        newest_[number] = std::max(newest_[number], item.seq);
        newest_ts_us = std::max(newest_ts_us, item.ts_us);
        if (!counting) return;
        ++updates;
        delays.add(now_us - item.ts_us);
    }

    const Wishes& wishes_;
    std::vector<int64_t> newest_;
    int subscribed_ = 0;
};
