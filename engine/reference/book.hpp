// Who trades with whom? One instrument's book: by price, then by time. Prices in ticks, quantities in lots.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tmw/transport/orders.hpp"

namespace reference {

/// What becomes of a part that does not trade at once.
enum class Mode { Rest, Drop, AllOrNothing };

/// An order in the book: a user's (`owner`), else the market's. `ticks` 0 = at market.
struct BookOrder {
  bool buy = false;
  std::int64_t ticks = 0, open_units = 0;
  tmw::Order* owner = nullptr;
  std::uint64_t key = 0;  ///< the market's name of it
};

/// A trade at the resting order's price.
struct Fill {
  tmw::Order *resting, *incoming;
  std::int64_t units, ticks;
};

/// A level after a book event.
struct Change {
  bool buy;
  std::int64_t ticks, units;
};

class Book {
 public:
  /// Matches `order`, lets the rest of it stand or go; the fills in their order. `order` must live while it rests.
  std::vector<Fill> add(BookOrder& order, Mode mode) {
    std::vector<Fill> fills;
    if (mode == Mode::AllOrNothing && available(order) < order.open_units) return fills;
    Levels& other = order.buy ? asks_ : bids_;
    while (order.open_units > 0 && !other.empty() && crosses(order, best(other)->first)) match(order, other, fills);
    if (order.open_units > 0 && mode == Mode::Rest) join(order);
    return fills;
  }

  /// Takes an order at rest out of the book.
  void remove(BookOrder& order) { lose(order, order.open_units); }

  /// Takes `units` off an order at rest; its place in the queue stays.
  void lose(BookOrder& order, std::int64_t units) {
    Levels& side = order.buy ? bids_ : asks_;
    const auto at = side.find(order.ticks);
    note(order.buy, order.ticks, at->second.units);
    at->second.units -= units;
    order.open_units -= units;
    if (order.open_units > 0) return;
    at->second.queue.erase(places_.at(&order));
    places_.erase(&order);
    if (at->second.queue.empty()) side.erase(at);
  }

  /// Best price in ticks and its units; (0, 0) where the side is empty.
  std::pair<std::int64_t, std::int64_t> best_bid() const { return shown(bids_, true); }
  std::pair<std::int64_t, std::int64_t> best_ask() const { return shown(asks_, false); }

  /// Calls `visit(ticks, units)` for the levels of a side, best first, at most `most`.
  template <class Visit>
  void each_level(bool buy, std::size_t most, Visit visit) const {
    if (buy) {
      for (auto at = bids_.rbegin(); at != bids_.rend() && most-- > 0; ++at) visit(at->first, at->second.units);
    } else {
      for (auto at = asks_.begin(); at != asks_.end() && most-- > 0; ++at) visit(at->first, at->second.units);
    }
  }

  /// The levels that differ from where the last call left them.
  std::vector<Change> take_changes() {
    std::vector<Change> changes;
    for (const auto& [level, before] : changed_) {
      const Levels& side = level.first ? bids_ : asks_;
      const auto at = side.find(level.second);
      const std::int64_t units = at == side.end() ? 0 : at->second.units;
      if (units != before) changes.push_back({level.first, level.second, units});
    }
    changed_.clear();
    return changes;
  }

 private:
  struct Level {
    std::list<BookOrder*> queue;
    std::int64_t units = 0;
  };
  using Levels = std::map<std::int64_t, Level>;

  static bool crosses(const BookOrder& order, std::int64_t ticks) {
    return order.ticks == 0 || (order.buy ? ticks <= order.ticks : ticks >= order.ticks);
  }

  Levels::iterator best(Levels& side) { return &side == &asks_ ? side.begin() : std::prev(side.end()); }

  static std::pair<std::int64_t, std::int64_t> shown(const Levels& side, bool highest) {
    if (side.empty()) return {0, 0};
    const auto at = highest ? std::prev(side.end()) : side.begin();
    return {at->first, at->second.units};
  }

  /// How much the order could trade now; counted no further than it wants.
  std::int64_t available(const BookOrder& order) const {
    std::int64_t sum = 0;
    each_level(!order.buy, ~std::size_t{0}, [&](std::int64_t ticks, std::int64_t units) {
      if (sum < order.open_units && crosses(order, ticks)) sum += units;
    });
    return sum;
  }

  void match(BookOrder& order, Levels& other, std::vector<Fill>& fills) {
    BookOrder& resting = *best(other)->second.queue.front();
    const std::int64_t units = std::min(order.open_units, resting.open_units);
    fills.push_back({resting.owner, order.owner, units, resting.ticks});
    order.open_units -= units;
    lose(resting, units);
  }

  void join(BookOrder& order) {
    Level& level = (order.buy ? bids_ : asks_)[order.ticks];
    note(order.buy, order.ticks, level.units);
    places_[&order] = level.queue.insert(level.queue.end(), &order);
    level.units += order.open_units;
  }

  void note(bool buy, std::int64_t ticks, std::int64_t units) { changed_.emplace(std::pair(buy, ticks), units); }

  Levels bids_, asks_;
  std::unordered_map<BookOrder*, std::list<BookOrder*>::iterator> places_;
  std::map<std::pair<bool, std::int64_t>, std::int64_t> changed_;  ///< side, price → units before the running event
};

}  // namespace reference
