// What does the demo market do next? A pure function of a seed: no clock, no users, the same actions every time.
//
// Makers quote eight prices a side around a path that walks open → high → low → close of one real daily bar a minute,
// and from the last bar back to the first, so that it never jumps. At the best price of a side stand two market orders:
// one that stays as long as the price does (users queue behind it), and one that is renewed ten times a second.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "actions.hpp"
#include "tmw/transport/fault.hpp"

namespace reference {

/// Open, high, low, close of a day.
using DailyBar = std::array<std::int64_t, 4>;
using DailyBars = std::map<std::string, std::vector<DailyBar>>;

/// The bars of each symbol, oldest first; the first is there for its close only.
inline DailyBars read_daily_bars(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw tmw::EngineFault("The bars of the demo market cannot be read from " + path.string() + ".");
  DailyBars bars;
  for (std::string line; std::getline(file, line);) {
    std::istringstream cells(line);
    std::string symbol, cell;
    std::getline(cells, symbol, ',');
    std::getline(cells, cell, ',');  // the date
    DailyBar bar{};
    for (std::int64_t& price : bar)
      if (std::getline(cells, cell, ',')) price = std::llround(std::stod(cell) * static_cast<double>(one_e8));
    bars[symbol].push_back(bar);
  }
  return bars;
}

/// The price at a market time: straight lines through the corners of the bars, forth and back.
class Path {
 public:
  explicit Path(std::vector<DailyBar> bars) : bars_(std::move(bars)) {}

  std::int64_t price_e8(std::int64_t at_us) const {
    const auto days = static_cast<std::int64_t>(bars_.size());
    const std::int64_t minute = at_us / bar_us, lap = minute / days;
    std::int64_t within_us = at_us % bar_us, day = minute % days;
    if (lap % 2 != 0) {  // on the way back both the bars and the time within them run backwards
      day = days - 1 - day;
      within_us = bar_us - within_us;
    }
    const DailyBar& bar = bars_[static_cast<std::size_t>(day)];
    const auto leg = static_cast<std::size_t>(std::min<std::int64_t>(within_us / leg_us, 3));
    const std::int64_t from = bar[leg], to = bar[std::min<std::size_t>(leg + 1, 3)];
    return from + (to - from) * (within_us % leg_us) / leg_us;
  }

 private:
  static constexpr std::int64_t bar_us = 60'000'000, leg_us = bar_us / 3;
  std::vector<DailyBar> bars_;
};

/// All market participants of one instrument. Knows what it asked for, never what users did to it.
class Maker {
 public:
  Maker(const tmw::Instrument& listing, std::vector<DailyBar> bars, std::int64_t seed)
      : instrument_id_(listing.instrument_id),
        tick_e8_(listing.tick_e8),
        path_(std::move(bars)),
        random_(std::to_string(seed) + "/" + listing.symbol) {}

  /// All quotes at `at_us`.
  Action quote(std::int64_t at_us) { return {at_us, instrument_id_, requote(at_us)}; }

  /// New quotes at `at_us`; now and then a taker a little later.
  void step(std::int64_t at_us, std::deque<Action>& actions) {
    actions.push_back(quote(at_us));
    if (!random_.chance(0.35)) return;
    const bool buy = random_.chance(0.5);
    actions.push_back({at_us + 7'000, instrument_id_, {take(buy, random_.between(1, 400))}});
  }

 private:
  static constexpr std::int64_t levels = 8, most_noise_ticks = 2;
  enum Side : std::size_t { ask, bid, sides };
  using Prices = std::set<std::int64_t>;

  /// What might be crossed by the new quotes goes first, so that the makers never trade with each other.
  std::vector<Operation> requote(std::int64_t at_us) {
    const std::array<std::int64_t, sides> best = best_at(at_us);
    std::vector<Operation> operations{pull(renewed_key(true)), pull(renewed_key(false))}, places;
    for (const Side side : {bid, ask}) {
      Prices wanted;
      for (std::int64_t deep = 0; deep < levels; ++deep)
        wanted.insert(side == bid ? best[bid] - deep : best[ask] + deep);
      for (const std::int64_t ticks : standing_[side])
        if (wanted.count(ticks) == 0) operations.push_back(pull(level_key(side == bid, ticks)));
      for (const std::int64_t ticks : wanted)
        if (standing_[side].count(ticks) == 0) places.push_back(stand(side == bid, ticks));
      standing_[side] = std::move(wanted);
    }
    operations.insert(operations.end(), places.begin(), places.end());
    const std::int64_t deeper = random_.between(1, levels - 1);
    operations.push_back(stand(true, best[bid] - deeper));
    operations.push_back(stand(false, best[ask] + deeper));
    operations.push_back(renew(true, best[bid]));
    operations.push_back(renew(false, best[ask]));
    return operations;
  }

  std::array<std::int64_t, sides> best_at(std::int64_t at_us) {
    noise_ = std::clamp(noise_ + random_.between(-1, 1), -most_noise_ticks, most_noise_ticks);
    const std::int64_t bid_ticks = path_.price_e8(at_us) / tick_e8_ + noise_ - 1;
    return {bid_ticks + (random_.between(0, 2) == 2 ? 2 : 1), bid_ticks};
  }

  /// No price has these keys.
  static std::uint64_t renewed_key(bool buy) { return level_key(buy, 0); }

  /// Never of the size of the one before: a quote always changes.
  Operation renew(bool buy, std::int64_t ticks) {
    const std::int64_t units = random_.between(1'800, 4'000);
    renewed_units_ = units == renewed_units_ ? units + 1 : units;
    return place(renewed_key(buy), buy, ticks, renewed_units_);
  }

  Operation stand(bool buy, std::int64_t ticks) {
    return place(level_key(buy, ticks), buy, ticks, random_.between(200, 1'500));
  }

  std::uint32_t instrument_id_;
  std::int64_t tick_e8_;
  Path path_;
  Random random_;
  std::int64_t noise_ = 0, renewed_units_ = 0;
  std::array<Prices, sides> standing_;
};

/// AAPL, MSFT, GOOG and FB on XNAS, IBM on XNYS.
class DemoMarket : public Market {
 public:
  DemoMarket(std::int64_t seed, const DailyBars& bars) {
    static constexpr const char* rows[][3] = {{"AAPL", "XNAS", "Apple Inc."},
                                              {"MSFT", "XNAS", "Microsoft Corp."},
                                              {"GOOG", "XNAS", "Google Inc."},
                                              {"FB", "XNAS", "Facebook Inc."},
                                              {"IBM", "XNYS", "International Business Machines Corp."}};
    for (const auto& [symbol, exchange, description] : rows) {
      const std::vector<DailyBar>& days = bars.at(symbol);
      const auto number = static_cast<std::uint32_t>(listings_.size() + 1);
      listings_.push_back({number, symbol, exchange, "0", description, "USD", cent_e8, one_e8, days[0][3]});
      makers_.emplace_back(listings_.back(), std::vector<DailyBar>(days.begin() + 1, days.end()), seed);
    }
    for (Maker& maker : makers_) waiting_.push_back(maker.quote(0));
  }

  const std::vector<tmw::Instrument>& listings() const override { return listings_; }

  Action next() override {
    if (waiting_.empty()) step();
    Action action = std::move(waiting_.front());
    waiting_.pop_front();
    return action;
  }

 private:
  static constexpr std::int64_t step_us = 100'000;  ///< each maker renews its quotes ten times a second

  void step() {
    start_us_ += step_us;
    const std::int64_t apart_us = step_us / static_cast<std::int64_t>(makers_.size());
    for (std::size_t at = 0; at < makers_.size(); ++at)
      makers_[at].step(start_us_ + static_cast<std::int64_t>(at) * apart_us, waiting_);
  }

  std::vector<tmw::Instrument> listings_;
  std::vector<Maker> makers_;
  std::deque<Action> waiting_;
  std::int64_t start_us_ = 0;
};

}  // namespace reference
