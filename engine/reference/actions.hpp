// What can a market do by itself, without any user? A stream of actions: pure data, never aware of what users did.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tmw/messages.hpp"

namespace reference {

struct Operation {
  enum Kind { Place, Pull, Take } kind = Place;  ///< an order is to be so; is to be gone; crosses the spread
  std::uint64_t key = 0;                         ///< the market's name of its order
  bool buy = false;
  std::int64_t ticks = 0, units = 0;
};

/// What happens to one instrument at one instant of market time (µs since its start): at most one book event.
struct Action {
  std::int64_t at_us = 0;
  std::uint32_t instrument_id = 0;
  std::vector<Operation> operations;
};

/// A source of liquidity: the instruments it trades and what happens to them in order, without end.
class Market {
 public:
  virtual ~Market() = default;
  virtual const std::vector<tmw::Instrument>& listings() const = 0;
  virtual Action next() = 0;
};

inline constexpr std::int64_t cent_e8 = 1'000'000, one_e8 = 100'000'000;

/// The same numbers for the same seed on every system, which the distributions of the standard library are not.
class Random {
 public:
  explicit Random(const std::string& seed) {
    std::seed_seq words(seed.begin(), seed.end());
    bits_.seed(words);
  }

  /// One of `least` … `most`.
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(bits_() % static_cast<std::uint64_t>(most - least + 1));
  }

  bool chance(double share) { return static_cast<double>(bits_() >> 11) * 0x1.0p-53 < share; }

 private:
  std::mt19937_64 bits_;
};

inline std::uint64_t level_key(bool buy, std::int64_t ticks) {
  return static_cast<std::uint64_t>(ticks) << 1 | (buy ? 1 : 0);
}

inline Operation place(std::uint64_t key, bool buy, std::int64_t ticks, std::int64_t units) {
  return {Operation::Place, key, buy, ticks, units};
}
inline Operation pull(std::uint64_t key) { return {Operation::Pull, key, false, 0, 0}; }
inline Operation take(bool buy, std::int64_t units) { return {Operation::Take, 0, buy, 0, units}; }

}  // namespace reference
