// What was the generator asked to do with its sockets?
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "address.hpp"
#include "arguments.hpp"
#include "wishes.hpp"

inline std::vector<std::string> names_of(Arguments& given) {
    const std::string listed = given.text("names", "");
    if (!listed.empty()) return Wishes::listed(listed);
    const int universe = given.whole("of", nullptr, 1, 5'000);
    return Wishes::numbered(given.text("prefix", "SYM"), universe);
}

struct FanOutOptions {
    explicit FanOutOptions(Arguments& given)
        : dialect(given.text("dialect")),
          server(looked_up(given.text("host", "127.0.0.1"), given.whole("port", nullptr, 1, 65'535))),
          sockets(given.whole("sockets", nullptr, 1, 60'000)),
          books(given.whole("books", "0", 0, sockets)),
          stalled(given.whole("stalled", "0", 0, sockets - books)),
          names(names_of(given)),
          symbols(given.whole("symbols", nullptr, 1, static_cast<int>(names.size()))),
          seed(given.whole("seed", "1", 0, 1'000'000)),
          zipf(given.number("zipf", "1", 0, 10)),
          warm_us(static_cast<int64_t>(1e6 * given.number("warm", "2", 0, 600))),
          measure_us(static_cast<int64_t>(1e6 * given.number("seconds", "5", 0.1, 600))),
          patience_us(static_cast<int64_t>(1e6 * given.number("patience", "60", 1, 600))),
          poll_us(given.whole("poll-us", "500", 0, 100'000)),
          clock_ahead_us(static_cast<int64_t>(given.number("clock-ahead-us", "0", -1e15, 1e15))),
          idle(given.whole("idle", "0", 0, 1)),
          tells(given.whole("tell", "0", 0, 1)),
          pids(given.text("pids", "")) {
        given.all_read();
    }

    std::string dialect;
    Address server;
    int sockets;
    int books;    // of the sockets, the last: they follow books, and each checksum is checked
    int stalled;  // of the sockets, the first: they read nothing in the second half of the measured time
    std::vector<std::string> names;
    int symbols, seed;
    double zipf;
    int64_t warm_us, measure_us, patience_us;
    int poll_us;  // 0: block in epoll_wait
    int64_t clock_ahead_us;
    bool idle;   // the feed never starts: what do sockets cost that only stand?
    bool tells;  // say `progress` twice a second
    std::string pids;
};
