// The reference engine's market: boards that match by price and time, and a market that is alive by itself.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actions.hpp"
#include "board.hpp"
#include "tmw/transport/desk.hpp"
#include "tmw/transport/venue.hpp"

namespace reference {

/// How far has market time come? It follows the wall clock at a speed, never jumps, and can be held.
class MarketClock {
 public:
  explicit MarketClock(double speed) : speed_(speed) {}

  std::int64_t advance(std::int64_t now_us, bool held) {
    const std::int64_t passed_us = std::clamp<std::int64_t>(now_us - last_us_, 0, most_us);
    if (last_us_ != 0 && !held) market_us_ += static_cast<double>(passed_us) * speed_;
    last_us_ = now_us;
    return static_cast<std::int64_t>(market_us_);
  }

  /// The market could not keep up: it slows down rather than pile up.
  void fall_back(std::int64_t market_us) { market_us_ = std::min(market_us_, static_cast<double>(market_us)); }

  std::int64_t wall_us_until(std::int64_t market_us) const {
    return static_cast<std::int64_t>(std::max(0.0, (static_cast<double>(market_us) - market_us_) / speed_));
  }

 private:
  static constexpr std::int64_t most_us = 250'000;  ///< after a stall the market goes on from where it stood
  double speed_, market_us_ = 0;
  std::int64_t last_us_ = 0;
};

class Exchange : public tmw::Venue {
 public:
  Exchange(std::unique_ptr<Market> market, double speed, std::filesystem::path hold_file)
      : market_(std::move(market)), clock_(speed), hold_file_(std::move(hold_file)), next_(market_->next()) {}

  const std::vector<tmw::Instrument>& instruments() const override { return market_->listings(); }

  tmw::InstrumentSnapshot snapshot(std::uint32_t instrument_id) const override {
    const auto found = boards_.find(instrument_id);
    if (found != boards_.end()) return found->second.snapshot();
    tmw::InstrumentSnapshot empty;
    empty.instrument_id = instrument_id;
    return empty;
  }

  void open(tmw::Order& order, std::int64_t now_us) override {
    Board& board = board_of(order);
    if (order.waits_for_stop()) {
      stops_[order.asked.instrument_id].push_back(&order);
    } else {
      submit(order, board, now_us);
    }
    release_stops(board, now_us);
  }

  void remove(tmw::Order& order, std::int64_t now_us) override {
    stops_[order.asked.instrument_id].remove(&order);
    const auto board = boards_.find(order.asked.instrument_id);
    if (board != boards_.end()) board->second.remove(order, now_us);
  }

  void shrink(tmw::Order& order, std::int64_t now_us) override { board_of(order).shrink(order, now_us); }

  void move(std::int64_t now_us) override {
    const std::int64_t market_us = clock_.advance(now_us, !hold_file_.empty() && std::filesystem::exists(hold_file_));
    for (int steps = 0; next_.at_us <= market_us; ++steps) {
      if (next_.at_us > 0 && steps >= most_steps) return clock_.fall_back(next_.at_us);
      Board& board = board_of(next_.instrument_id);
      report(board, board.act(next_.operations, now_us), now_us);
      next_ = market_->next();
      release_stops(board, now_us);
    }
  }

  std::int64_t idle_us(std::int64_t) const override { return clock_.wall_us_until(next_.at_us); }

 private:
  static constexpr int most_steps = 2'000;  ///< of the market in one pass of the engine

  Board& board_of(std::uint32_t instrument_id) {
    const auto found = boards_.find(instrument_id);
    if (found != boards_.end()) return found->second;
    return boards_.try_emplace(instrument_id, market_->listings().at(instrument_id - 1), market()).first->second;
  }
  Board& board_of(const tmw::Order& order) { return board_of(order.asked.instrument_id); }

  static Mode mode_of(const tmw::Order& order) {
    if (order.asked.time_in_force == tmw::TimeInForce::Fok) return Mode::AllOrNothing;
    if (order.asked.time_in_force == tmw::TimeInForce::Ioc) return Mode::Drop;
    return order.has_limit() ? Mode::Rest : Mode::Drop;
  }

  void submit(tmw::Order& order, Board& board, std::int64_t now_us) {
    const Mode mode = mode_of(order);
    const std::int64_t ticks = order.has_limit() ? *order.asked.price_e8 / board.listing().tick_e8 : 0;
    report(board, board.submit(order, ticks, mode, now_us), now_us);
    if (mode != Mode::Rest && !order.final())
      desk().end(order, tmw::ExecType::Canceled, now_us, tmw::RejectCode::NoLiquidity, "Nobody left to trade with.");
  }

  void report(const Board& board, const std::vector<Fill>& fills, std::int64_t now_us) {
    for (const Fill& fill : fills)
      for (tmw::Order* party : {fill.resting, fill.incoming})
        if (party != nullptr)
          desk().fill(*party, fill.units * board.listing().lot_e8, fill.ticks * board.listing().tick_e8, now_us);
  }

  void release_stops(Board& board, std::int64_t now_us) {
    auto& waiting = stops_[board.listing().instrument_id];
    while (tmw::Order* order = triggered(waiting, board.last_e8())) {
      waiting.remove(order);
      desk().trigger(*order, now_us);
      submit(*order, board, now_us);
    }
  }

  /// The next order that the last price (0 = nothing has traded) triggers: nearest price first, then first come first.
  static tmw::Order* triggered(const std::list<tmw::Order*>& waiting, std::int64_t last_e8) {
    tmw::Order* first = nullptr;
    for (tmw::Order* order : waiting) {
      const std::int64_t stop_e8 = *order->asked.stop_price_e8;
      const bool reached = last_e8 != 0 && (order->buys() ? last_e8 >= stop_e8 : last_e8 <= stop_e8);
      if (reached && (first == nullptr || nearness(*order) < nearness(*first))) first = order;
    }
    return first;
  }

  static std::int64_t nearness(const tmw::Order& order) {
    return order.buys() ? *order.asked.stop_price_e8 : -*order.asked.stop_price_e8;
  }

  std::unique_ptr<Market> market_;
  MarketClock clock_;
  std::filesystem::path hold_file_;
  Action next_;
  std::unordered_map<std::uint32_t, Board> boards_;
  std::unordered_map<std::uint32_t, std::list<tmw::Order*>> stops_;
};

}  // namespace reference
