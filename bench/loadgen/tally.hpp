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
    Tally(const Wishes& wishes, int universe, int64_t clock_ahead_us)
        : wishes_(wishes), newest_(universe), clock_ahead_us_(clock_ahead_us) {}

    void subscribed() override { ++subscribed_; }

    void items(Following& following, const Reading& reading, size_t bytes) override {
        const bool update = reading.kind == Reading::Kind::Updates;
        const uint64_t before = updates;
        const auto see = [&](const Item& item) { take(following, item, update); };
        if (!take_items(reading.items, see)) throw Unreadable(reading.items);
        if (!update || !counting || following.stalls) return;
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
    Histogram delays, part;  // of the measured time, and of the half of it that runs
    uint64_t checksums = 0, merged = 0;
    uint64_t updates = 0, frames = 0, bytes = 0, most_a_frame = 0;
    int64_t now_us = 0;  // when the bytes in hand were received
    int64_t newest_ts_us = 0;
    bool counting = false;

private:
    void take(Following& following, const Item& item, bool update) {
        const int number = wishes_.number_of(item.symbol);
        if (number < 0 || !following.positions[number].asked()) {
            ++faults.unasked;
            return;
        }
        if (following.books) check_book((*following.books)[number], item, !update);
        Position& position = following.positions[number];
        if (!update) return position.snapshot(item);
        position.update(item, faults);
        if (!following.books) newest_[number] = std::max(newest_[number], item.seq);  // channels count apart
        newest_ts_us = std::max(newest_ts_us, item.ts_us);
        if (!counting || following.stalls) return;
        ++updates;
        merged += item.skipped;
        const int64_t delay_us = now_us + clock_ahead_us_ - item.ts_us;
        delays.add(delay_us);
        part.add(delay_us);
    }

    void check_book(Book& book, const Item& item, bool whole) {
        switch (book.take(item.rest, whole)) {
            case Book::Found::True: break;
            case Book::Found::False: ++faults.mismatched; break;
            case Book::Found::Unreadable: throw Unreadable(item.rest);
        }
        ++checksums;
    }

    const Wishes& wishes_;
    std::vector<int64_t> newest_;
    const int64_t clock_ahead_us_;  // the server's clock before this one
    int subscribed_ = 0;
};
