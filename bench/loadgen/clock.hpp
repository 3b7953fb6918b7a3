// What time is it: on the clock that time stamps come from, and on the one that only goes forward?
#pragma once

#include <time.h>

#include <cstdint>

inline int64_t clock_us(clockid_t which) {
    timespec now;
    clock_gettime(which, &now);
    return now.tv_sec * 1'000'000LL + now.tv_nsec / 1'000;
}

inline int64_t epoch_us() { return clock_us(CLOCK_REALTIME); }

inline int64_t steady_us() { return clock_us(CLOCK_MONOTONIC); }
