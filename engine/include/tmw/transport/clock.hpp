// What time is it for deadlines? Microseconds since 1970 that never go back.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace tmw {

inline std::int64_t wall_clock_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

/// Stands still where the host's clock is set back: a deadline that has passed must stay passed.
class ForwardClock {
 public:
  std::int64_t operator()() {
    latest_us_ = std::max(latest_us_, wall_clock_us());
    return latest_us_;
  }

 private:
  std::int64_t latest_us_ = 0;
};

}  // namespace tmw
