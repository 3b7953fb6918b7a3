// How are delays spread? Fixed memory for any number of them: 10 µs steps below 100 ms, 1 ms steps up to a minute.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

class Histogram {
public:
    void add(int64_t us) {
        us = std::max<int64_t>(us, 0);
        ++count_;
        most_us_ = std::max(most_us_, us);
        if (us < kFineUs) ++fine_[us / 10];
        else ++coarse_[std::min<int64_t>(us / 1'000, kCoarse - 1)];
    }

    double percentile_ms(double share) const {
        const auto wanted = static_cast<uint64_t>(share * count_);
        uint64_t passed = 0;
        for (size_t step = 0; step < fine_.size(); ++step)
            if ((passed += fine_[step]) > wanted) return (step * 10 + 5) / 1e3;
        for (size_t step = 0; step < coarse_.size(); ++step)
            if ((passed += coarse_[step]) > wanted) return step + 0.5;
        return most_ms();
    }

    void clear() { *this = Histogram(); }

    double most_ms() const { return most_us_ / 1e3; }
    uint64_t count() const { return count_; }

private:
    static constexpr int64_t kFineUs = 100'000;
    static constexpr int64_t kCoarse = 60'000;
    std::vector<uint64_t> fine_ = std::vector<uint64_t>(kFineUs / 10);
    std::vector<uint64_t> coarse_ = std::vector<uint64_t>(kCoarse);
    uint64_t count_ = 0;
    int64_t most_us_ = 0;
};
