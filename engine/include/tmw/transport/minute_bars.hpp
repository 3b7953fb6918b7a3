// Which one-minute bars are finished, and who of the recorder workers gets which?
//
// Bars of trades by the wall clock, pushed round robin to whoever pulls; where nobody does they are dropped.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "tmw/market_rows.hpp"
#include "tmw/messages.hpp"
#include "tmw/transport/report_log.hpp"
#include "tmw/transport/sockets.hpp"

namespace tmw {

class MinuteBars {
 public:
  explicit MinuteBars(std::int64_t epoch) : epoch_(epoch) {}

  void trade(const Trade& row, const std::string& symbol) {
    const std::int64_t start_us = row.ts_us - row.ts_us % minute_us;
    Bar& bar = running_[row.instrument_id];
    if (bar.instrument_id != 0 && bar.start_us < start_us) {
      finished_.push_back(bar);
      bar = Bar();
    }
    if (bar.instrument_id == 0)
      bar = {row.instrument_id, symbol, epoch_, start_us, row.price_e8, row.price_e8, row.price_e8, row.price_e8, 0};
    bar.high_e8 = std::max(bar.high_e8, row.price_e8);
    bar.low_e8 = std::min(bar.low_e8, row.price_e8);
    bar.close_e8 = row.price_e8;
    bar.volume_e8 += std::min(row.size_e8, int64_max - bar.volume_e8);
    due_us_ = std::min(due_us_, bar.start_us + minute_us);
  }

  /// Pushes the bars whose minute is over, each once.
  void send_finished(zmq::socket_t& socket, std::int64_t now_us) {
    if (now_us < due_us_) return;
    due_us_ = int64_max;
    for (auto at = running_.begin(); at != running_.end();) {
      const bool over = at->second.start_us + minute_us <= now_us;
      if (over) finished_.push_back(at->second);
      if (!over) due_us_ = std::min(due_us_, at->second.start_us + minute_us);
      at = over ? running_.erase(at) : std::next(at);
    }
    for (const Bar& bar : finished_) {
      const Frames frames = sealed(bar);
      send(socket, {frames.envelope, frames.payload});
    }
    finished_.clear();
  }

 private:
  static constexpr std::int64_t minute_us = 60'000'000;
  std::int64_t epoch_, due_us_ = int64_max;
  std::map<std::uint32_t, Bar> running_;
  std::vector<Bar> finished_;
};

}  // namespace tmw
