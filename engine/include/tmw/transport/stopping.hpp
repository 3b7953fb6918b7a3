// How is an engine told to stop? A signal, or the end of standard input where a supervisor started it
// (TMW_SUPERVISED=1): the way that every system has, and that works when the supervisor was killed.
#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#ifdef _WIN32
#include <io.h>
#else
#include <unistd.h>
#endif

namespace tmw {

namespace detail {

inline std::atomic<bool> stop_asked{false};

inline void on_signal(int) { stop_asked = true; }

inline bool read_on() {
  char bytes[256];
#ifdef _WIN32
  return _read(0, bytes, sizeof bytes) > 0;
#else
  return read(0, bytes, sizeof bytes) > 0;
#endif
}

inline void watch_standard_input() {
  while (read_on()) continue;
  stop_asked = true;
  std::this_thread::sleep_for(std::chrono::seconds(10));
  std::_Exit(70);  // an orphan that does not stop: nobody is left to kill it
}

}  // namespace detail

/// True from the moment on at which this process is to stop; call it once, early.
inline const std::atomic<bool>& stop_asked() {
  std::signal(SIGINT, detail::on_signal);
  std::signal(SIGTERM, detail::on_signal);
#ifdef SIGBREAK
  std::signal(SIGBREAK, detail::on_signal);
#endif
#ifdef SIGPIPE
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads the log may be gone before the last line
#endif
  const char* supervised = std::getenv("TMW_SUPERVISED");
  if (supervised != nullptr && std::string_view(supervised) == "1") std::thread(detail::watch_standard_input).detach();
  return detail::stop_asked;
}

}  // namespace tmw
