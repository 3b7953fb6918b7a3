// How does an engine tell its operators something? A line on standard error: time, level, sentence.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>

namespace tmw {

enum class Severity { Info, Warning, Error };

namespace detail {

inline std::tm calendar(std::time_t seconds) {
  std::tm parts{};
#ifdef _WIN32
  gmtime_s(&parts, &seconds);
#else
  gmtime_r(&seconds, &parts);
#endif
  return parts;
}

}  // namespace detail

inline void log(Severity severity, const std::string& sentence) {
  static constexpr const char* names[] = {"INFO", "WARNING", "ERROR"};
  const auto now = std::chrono::system_clock::now();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const std::tm parts = detail::calendar(std::chrono::system_clock::to_time_t(now));
  char at[32];
  std::strftime(at, sizeof at, "%Y-%m-%d %H:%M:%S", &parts);
  std::fprintf(stderr, "%s,%03d %s engine: %s\n", at, static_cast<int>(ms % 1000),
               names[static_cast<std::size_t>(severity)], sentence.c_str());
}

/// True at most once in five seconds: what a peer can cause must not fill a disk.
class Throttle {
 public:
  bool due() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return false;
    next_ = now + std::chrono::seconds(5);
    return true;
  }

 private:
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace tmw
