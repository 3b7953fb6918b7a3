// Is anybody left who could cancel an order? The bridge's order core says so; when it stops, every order ends.
#pragma once

#include <cstdint>
#include <optional>

namespace tmw {

/// Looked at in every pass of the engine; the session's heartbeats put it off.
class DeadMan {
 public:
  bool armed() const { return due_us_.has_value(); }

  /// 0 disarms.
  void put_off(std::int64_t cancel_after_ms, std::int64_t now_us) {
    due_us_.reset();
    if (cancel_after_ms > 0) due_us_ = now_us + cancel_after_ms * 1000;
  }

  /// True once. Time in which this engine itself did not run does not count: nobody could be heard.
  bool fires(std::int64_t now_us) {
    const std::int64_t away_us = now_us - looked_us_.value_or(now_us);
    looked_us_ = now_us;
    if (!due_us_) return false;
    if (away_us > stood_still_us) *due_us_ += away_us;
    if (now_us < *due_us_) return false;
    due_us_.reset();
    return true;
  }

 private:
  static constexpr std::int64_t stood_still_us = 1'000'000;
  std::optional<std::int64_t> due_us_, looked_us_;
};

}  // namespace tmw
