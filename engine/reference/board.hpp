// What does the world see of one instrument after each book event?
//
// A book event is whatever one action of the market, or one command of a user, does to the book. It is shown as its
// trades, one group of level changes (the last row says so) and, where the top or the last trade changed, one quote.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actions.hpp"
#include "book.hpp"
#include "tmw/transport/publisher.hpp"

namespace reference {

/// Sums stop at what the wire can carry.
inline std::int64_t product(std::int64_t a, std::int64_t b) {
  return a != 0 && b > tmw::int64_max / a ? tmw::int64_max : a * b;
}
inline std::int64_t sum(std::int64_t a, std::int64_t b) { return b > tmw::int64_max - a ? tmw::int64_max : a + b; }

class Board {
 public:
  Board(const tmw::Instrument& listing, tmw::Publisher& market) : listing_(listing), market_(market) {}

  std::int64_t last_e8() const { return last_e8_; }
  const tmw::Instrument& listing() const { return listing_; }

  /// Does what the market does; the fills of users' orders.
  std::vector<Fill> act(const std::vector<Operation>& operations, std::int64_t now_us) {
    now_us_ = now_us;
    std::vector<Fill> fills;
    for (const Operation& operation : operations) act(operation, fills);
    show();
    return fills;
  }

  /// A user's order is worked; its fills, in order.
  std::vector<Fill> submit(tmw::Order& order, std::int64_t ticks, Mode mode, std::int64_t now_us) {
    now_us_ = now_us;
    BookOrder& entered = users_[&order];
    entered = {order.buys(), ticks, order.leaves_e8() / listing_.lot_e8, &order, 0};
    std::vector<Fill> fills = match(entered, mode);
    if (entered.open_units == 0 || mode != Mode::Rest) users_.erase(&order);
    show();
    return fills;
  }

  /// A user's order leaves, if it stands here.
  void remove(tmw::Order& order, std::int64_t now_us) {
    const auto found = users_.find(&order);
    if (found == users_.end()) return;
    now_us_ = now_us;
    book_.remove(found->second);
    users_.erase(found);
    show();
  }

  /// A user's order at rest shrinks to what is left of it.
  void shrink(tmw::Order& order, std::int64_t now_us) {
    const auto found = users_.find(&order);
    if (found == users_.end()) return;
    now_us_ = now_us;
    book_.lose(found->second, found->second.open_units - order.leaves_e8() / listing_.lot_e8);
    show();
  }

  tmw::InstrumentSnapshot snapshot() const {
    return {listing_.instrument_id, levels(true), levels(false), last_e8_,      last_size_e8_, volume_e8_,
            turnover_e4_,           high_e8_,     low_e8_,       changed_at_us_};
  }

 private:
  using Top = std::array<std::int64_t, 7>;
  static constexpr std::size_t most_levels = 10'000;

  void act(const Operation& operation, std::vector<Fill>& fills) {
    if (operation.kind == Operation::Pull) return pull(operation.key);
    std::vector<Fill> met;
    if (operation.kind == Operation::Take) {
      BookOrder taker{operation.buy, 0, operation.units, nullptr, 0};
      met = match(taker, Mode::Drop);
    } else {
      met = place(operation);
    }
    for (const Fill& fill : met)
      if (fill.resting != nullptr) fills.push_back(fill);
  }

  /// Lets the market's order under `key` be exactly this; it keeps its place only if nothing but less is left.
  std::vector<Fill> place(const Operation& wanted) {
    const auto standing = keyed_.find(wanted.key);
    if (standing != keyed_.end()) {
      BookOrder& order = standing->second;
      const bool same = order.buy == wanted.buy && order.ticks == wanted.ticks;
      if (same && wanted.units <= order.open_units) {
        if (wanted.units < order.open_units) book_.lose(order, order.open_units - wanted.units);
        return {};
      }
      pull(wanted.key);
    }
    BookOrder& entered = keyed_[wanted.key];
    entered = {wanted.buy, wanted.ticks, wanted.units, nullptr, wanted.key};
    std::vector<Fill> fills = match(entered, Mode::Rest);
    if (entered.open_units == 0) keyed_.erase(wanted.key);
    return fills;
  }

  /// What a user's fill has consumed is not there any more, and that is no fault.
  void pull(std::uint64_t key) {
    const auto found = keyed_.find(key);
    if (found == keyed_.end()) return;
    if (found->second.open_units > 0) book_.remove(found->second);
    keyed_.erase(found);
  }

  std::vector<Fill> match(BookOrder& order, Mode mode) {
    std::vector<Fill> fills = book_.add(order, mode);
    for (const Fill& fill : fills) {
      trade(order.buy, product(fill.ticks, listing_.tick_e8), product(fill.units, listing_.lot_e8));
      const auto consumed = users_.find(fill.resting);
      if (consumed != users_.end() && consumed->second.open_units == 0) users_.erase(consumed);
    }
    return fills;
  }

  void trade(bool buyer_took, std::int64_t price_e8, std::int64_t size_e8) {
    last_e8_ = price_e8;
    last_size_e8_ = size_e8;
    high_e8_ = std::max(high_e8_, price_e8);
    low_e8_ = low_e8_ == 0 ? price_e8 : std::min(low_e8_, price_e8);
    volume_e8_ = sum(volume_e8_, size_e8);
    turn_over(price_e8, size_e8);
    const auto aggressor = static_cast<std::uint8_t>(buyer_took ? 1 : 2);
    market_.trade({listing_.instrument_id, aggressor, ++trades_, now_us_, price_e8, size_e8});
  }

  /// Adds price × size, which is in 10⁻¹⁶, to an amount in 10⁻⁴, and keeps the rest for the next time.
  void turn_over(std::int64_t price_e8, std::int64_t size_e8) {
    constexpr std::int64_t million = 1'000'000;
    turnover_e4_ = sum(turnover_e4_, product(price_e8 / million, size_e8 / million));
    const auto cross = static_cast<std::uint64_t>(price_e8 / million) * static_cast<std::uint64_t>(size_e8 % million) +
                       static_cast<std::uint64_t>(price_e8 % million) * static_cast<std::uint64_t>(size_e8 / million);
    rest_e10_ += cross % million + static_cast<std::uint64_t>((price_e8 % million) * (size_e8 % million)) / million;
    turnover_e4_ = sum(turnover_e4_, static_cast<std::int64_t>(cross / million + rest_e10_ / million));
    rest_e10_ %= million;
  }

  void show() {
    const std::vector<Change> changes = book_.take_changes();
    for (std::size_t at = 0; at < changes.size(); ++at) {
      const Change& change = changes[at];
      const auto side = static_cast<std::uint8_t>(change.buy ? 1 : 2);
      market_.depth({listing_.instrument_id, side, at + 1 == changes.size(), now_us_,
                     product(change.ticks, listing_.tick_e8), product(change.units, listing_.lot_e8)});
    }
    const Top top = top_now();
    if (top != shown_) {
      shown_ = top;
      market_.quote({listing_.instrument_id, now_us_, top[0], top[1], top[2], top[3], top[4], top[5], top[6]});
    } else if (changes.empty()) {
      return;
    }
    changed_at_us_ = now_us_;
  }

  Top top_now() const {
    const auto [bid, bid_units] = book_.best_bid();
    const auto [ask, ask_units] = book_.best_ask();
    return {product(bid, listing_.tick_e8),
            product(bid_units, listing_.lot_e8),
            product(ask, listing_.tick_e8),
            product(ask_units, listing_.lot_e8),
            last_e8_,
            last_size_e8_,
            volume_e8_};
  }

  std::vector<tmw::Level> levels(bool buy) const {
    std::vector<tmw::Level> rows;
    book_.each_level(buy, most_levels, [&](std::int64_t ticks, std::int64_t units) {
      rows.push_back({product(ticks, listing_.tick_e8), product(units, listing_.lot_e8)});
    });
    return rows;
  }

  const tmw::Instrument& listing_;
  tmw::Publisher& market_;
  Book book_;
  std::unordered_map<std::uint64_t, BookOrder> keyed_;  ///< the market's; one that users consumed stays with 0 units
  std::unordered_map<const tmw::Order*, BookOrder> users_;
  std::int64_t last_e8_ = 0, last_size_e8_ = 0, high_e8_ = 0, low_e8_ = 0, volume_e8_ = 0, turnover_e4_ = 0;
  std::int64_t trades_ = 0, now_us_ = 0, changed_at_us_ = 0;
  std::uint64_t rest_e10_ = 0;
  Top shown_{};
};

}  // namespace reference
