// What does the author of an engine write? The market: a `Venue`. The kit does the rest of the link around it.
//
// The kit asks whether an order may be, journals and reports that it is, then calls `open`. From there on the venue
// says what becomes of it, through `desk()`, and shows its market, through `market()`. All in the engine's one thread.
#pragma once

#include <cstdint>
#include <vector>

#include "tmw/messages.hpp"
#include "tmw/transport/orders.hpp"

namespace tmw {

class Desk;
class Publisher;

class Venue {
 public:
  virtual ~Venue() = default;

  /// The instrument table of this epoch, the same at each call.
  virtual const std::vector<Instrument>& instruments() const = 0;

  /// All that a late joiner needs of an instrument: the state that the rows published so far lead to.
  virtual InstrumentSnapshot snapshot(std::uint32_t instrument_id) const = 0;

  /// Works an order that was accepted, has changed places, or was open when the engine last stopped (before any market
  /// moves): matches what is left of it, and lets the rest stand or calls `desk().end`.
  virtual void open(Order& order, std::int64_t now_us) = 0;

  /// Takes what is left of the order out of the book; the desk reports its end, or opens it again at its new price.
  virtual void remove(Order& order, std::int64_t now_us) = 0;

  /// The order lost quantity and keeps its place: what the book holds of it is `order.leaves_e8()` now.
  virtual void shrink(Order& order, std::int64_t now_us) = 0;

  /// Called in every pass: whatever the market does by itself.
  virtual void move(std::int64_t /*now_us*/) {}

  /// How long nothing happens by itself, in microseconds; the engine looks in before anyhow.
  virtual std::int64_t idle_us(std::int64_t /*now_us*/) const { return 1'000'000; }

  /// Called once, before anything else.
  void enter(Desk& desk, Publisher& market) {
    desk_ = &desk;
    market_ = &market;
  }

 protected:
  Desk& desk() const { return *desk_; }
  Publisher& market() const { return *market_; }

 private:
  Desk* desk_ = nullptr;
  Publisher* market_ = nullptr;
};

}  // namespace tmw
