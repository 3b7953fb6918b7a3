// How do N instruments change R quotes a second, in books that still match?
//
// Each update is one action: mostly the best order of a side changes its size, sometimes the ladder moves by a tick or
// a taker crosses.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "actions.hpp"

namespace reference {

/// One instrument's market: one order a level.
class Ladder {
 public:
  Ladder(std::uint32_t instrument_id, Random& random)
      : random_(random), home_(first_bid(instrument_id)), bid_(home_) {}

  static std::int64_t first_bid(std::uint32_t instrument_id) { return 10'000 + instrument_id % 100 * 500; }

  std::vector<Operation> opening() {
    std::vector<Operation> operations;
    for (std::int64_t deep = 0; deep < levels; ++deep) {
      operations.push_back(order(true, bid_ - deep));
      operations.push_back(order(false, bid_ + 1 + deep));
    }
    return operations;
  }

  /// One change of the quote.
  std::vector<Operation> update() {
    if (random_.chance(0.05)) return move();
    const bool buy = random_.chance(0.5);
    const Operation best = order(buy, buy ? bid_ : bid_ + 1);
    if (random_.chance(0.05)) return {take(!buy, random_.between(1, 100)), best};
    return {best};
  }

 private:
  static constexpr std::int64_t levels = 5;

  /// A tick towards or away from home; what must not be crossed goes first.
  std::vector<Operation> move() {
    const std::int64_t bid = bid_, ask = bid_ + 1;
    if (bid == home_ ? random_.chance(0.5) : bid < home_) {
      ++bid_;
      return {pull(level_key(false, ask)), pull(level_key(true, bid - levels + 1)), order(true, ask),
              order(false, ask + levels)};
    }
    --bid_;
    return {pull(level_key(true, bid)), pull(level_key(false, ask + levels - 1)), order(false, bid),
            order(true, bid - levels)};
  }

  /// Never of the size of the one before: a quote always changes.
  Operation order(bool buy, std::int64_t ticks) {
    const std::int64_t units = random_.between(1'500, 4'000);
    units_ = units == units_ ? units + 1 : units;
    return place(level_key(buy, ticks), buy, ticks, units_);
  }

  Random& random_;
  std::int64_t home_, bid_, units_ = 0;
};

/// Instruments SYM001 … on XNAS; `rate` quote updates a second in all, evenly spread.
class SyntheticMarket : public Market {
 public:
  SyntheticMarket(std::int64_t seed, std::uint32_t symbols, double rate)
      : random_(std::to_string(seed) + "/synthetic"), rate_(rate) {
    for (std::uint32_t number = 1; number <= symbols; ++number) {
      char symbol[16];
      std::snprintf(symbol, sizeof symbol, "SYM%03u", static_cast<unsigned>(number));
      listings_.push_back(
          {number, symbol, "XNAS", "0", "", "USD", cent_e8, one_e8, Ladder::first_bid(number) * cent_e8});
      ladders_.emplace_back(number, random_);
    }
  }

  const std::vector<tmw::Instrument>& listings() const override { return listings_; }

  Action next() override {
    if (opened_ < ladders_.size()) {
      const std::size_t at = opened_++;
      return {0, listings_[at].instrument_id, ladders_[at].opening()};
    }
    const auto at = static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(ladders_.size()) - 1));
    const auto at_us = static_cast<std::int64_t>(static_cast<double>(++updates_) * 1e6 / rate_);
    return {at_us, listings_[at].instrument_id, ladders_[at].update()};
  }

 private:
  Random random_;
  double rate_;
  std::vector<tmw::Instrument> listings_;
  std::vector<Ladder> ladders_;
  std::size_t opened_ = 0;
  std::uint64_t updates_ = 0;
};

}  // namespace reference
