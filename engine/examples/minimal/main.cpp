// The smallest engine that speaks the link: one symbol, a quote ten times a second, orders that rest until they are
// canceled, market orders that trade at once. Run it with the TMW_* settings of docs/engine-link.md's other side.
#include <exception>
#include <string>
#include <vector>

#include "tmw/transport/engine.hpp"
#include "tmw/transport/stopping.hpp"

namespace {

constexpr std::int64_t one = 100'000'000, cent = one / 100, price = 100 * one, size = 500 * one;

class OneSymbol : public tmw::Venue {
 public:
  const std::vector<tmw::Instrument>& instruments() const override { return table_; }

  tmw::InstrumentSnapshot snapshot(std::uint32_t instrument_id) const override {
    tmw::InstrumentSnapshot book;
    book.instrument_id = instrument_id;
    if (!shown_) return book;
    book.bids = {{price - cent, bid_size_}};
    book.asks = {{price + cent, size}};
    book.last_e8 = last_.price_e8;
    book.last_size_e8 = last_.size_e8;
    book.volume_e8 = volume_;
    return book;
  }

  void open(tmw::Order& order, std::int64_t now_us) override {
    if (order.asked.order_type == tmw::OrderType::Market) {
      trade(order, now_us);
    } else if (order.asked.time_in_force == tmw::TimeInForce::Ioc ||
               order.asked.time_in_force == tmw::TimeInForce::Fok) {
      desk().end(order, tmw::ExecType::Canceled, now_us, tmw::RejectCode::NoLiquidity);
    }
  }

  void remove(tmw::Order&, std::int64_t) override {}
  void shrink(tmw::Order&, std::int64_t) override {}

  void move(std::int64_t now_us) override {
    if (now_us < due_us_) return;
    due_us_ = now_us + 100'000;
    bid_size_ = bid_size_ == size ? size + one : size;
    market().depth({1, 1, shown_, now_us, price - cent, bid_size_});
    if (!shown_) market().depth({1, 2, true, now_us, price + cent, size});
    shown_ = true;
    quote(now_us);
  }

 private:
  void trade(tmw::Order& order, std::int64_t now_us) {
    const auto aggressor = static_cast<std::uint8_t>(order.buys() ? 1 : 2);
    last_ = {1, aggressor, last_.trade_id + 1, now_us, order.buys() ? price + cent : price - cent, order.leaves_e8()};
    volume_ += last_.size_e8;
    market().trade(last_);
    quote(now_us);
    desk().fill(order, last_.size_e8, last_.price_e8, now_us);
  }

  void quote(std::int64_t now_us) {
    market().quote({1, now_us, price - cent, bid_size_, price + cent, size, last_.price_e8, last_.size_e8, volume_});
  }

  const std::vector<tmw::Instrument> table_{{1, "ONE", "XNAS", "0", "The only one", "USD", cent, one, price}};
  bool shown_ = false;
  std::int64_t due_us_ = 0, bid_size_ = size, volume_ = 0;
  tmw::Trade last_;
};

}  // namespace

int main() {
  try {
    const std::atomic<bool>& stop = tmw::stop_asked();
    OneSymbol venue;
    tmw::Engine(venue, tmw::settings_from_environment()).run(stop);
  } catch (const std::exception& error) {
    tmw::log(tmw::Severity::Error, error.what());
    return 1;
  }
}
