// What does the engine know of each order, for ever?
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tmw/messages.hpp"

namespace tmw {

inline bool is_final(EngineOrderStatus status) {
  return status != EngineOrderStatus::New && status != EngineOrderStatus::PartiallyFilled;
}

/// One order: as it was asked for (`asked` follows its replaces) and as it is. Numbers as on the wire (10⁻⁸).
struct Order {
  NewOrder asked;
  std::string external_order_id, symbol;
  std::int64_t cum_e8 = 0;
  EngineOrderStatus status = EngineOrderStatus::New;
  bool triggered = false;  ///< a stop order that has become a market or limit order
  std::uint64_t rank = 0;  ///< its place among the open orders, who came first to rest first

  bool buys() const { return asked.side == Side::Buy; }
  bool is_stop() const { return asked.order_type == OrderType::Stop || asked.order_type == OrderType::StopLimit; }
  bool has_limit() const { return asked.order_type == OrderType::Limit || asked.order_type == OrderType::StopLimit; }
  bool waits_for_stop() const { return is_stop() && !triggered; }
  bool final() const { return is_final(status); }
  /// What may still trade.
  std::int64_t leaves_e8() const { return final() ? 0 : asked.quantity_e8 - cum_e8; }
};

/// Total and prices before a change.
struct Terms {
  std::int64_t quantity_e8 = 0;
  std::optional<std::int64_t> price_e8, stop_price_e8;
};

inline Terms terms_of(const Order& order) {
  return {order.asked.quantity_e8, order.asked.price_e8, order.asked.stop_price_e8};
}

/// Does the change from `before` send the order to the back of the queue?
inline bool loses_place(const Terms& before, const Order& order) {
  return before.price_e8 != order.asked.price_e8 || before.stop_price_e8 != order.asked.stop_price_e8 ||
         order.asked.quantity_e8 > before.quantity_e8;
}

/// Every order ever, by (account, client order id), which is what makes one unique; the open ones in queue order.
class OrderTable {
 public:
  Order* find(const std::string& account, const std::string& client_order_id) const {
    const auto found = orders_.find(key(account, client_order_id));
    return found == orders_.end() ? nullptr : found->second.get();
  }

  Order& add(const NewOrder& asked, std::string external_order_id, std::string symbol) {
    auto& held = orders_[key(asked.account, asked.client_order_id)];
    held = std::make_unique<Order>();
    held->asked = asked;
    held->external_order_id = std::move(external_order_id);
    held->symbol = std::move(symbol);
    settle(*held);
    return *held;
  }

  /// Keeps the open orders right after `order` changed.
  void settle(Order& order, bool to_back = false) {
    if ((order.final() || to_back) && order.rank != 0) open_.erase(std::exchange(order.rank, 0));
    if (order.final() || order.rank != 0) return;
    order.rank = ++last_rank_;
    open_[order.rank] = &order;
  }

  /// Those that are not final, as they are now, in queue order.
  std::vector<Order*> open_orders() const {
    std::vector<Order*> orders;
    orders.reserve(open_.size());
    for (const auto& [rank, order] : open_) orders.push_back(order);
    return orders;
  }

  std::size_t size() const { return orders_.size(); }

 private:
  /// Neither part holds a NUL.
  static std::string key(const std::string& account, const std::string& client_order_id) {
    return account + '\0' + client_order_id;
  }

  std::unordered_map<std::string, std::unique_ptr<Order>> orders_;
  std::map<std::uint64_t, Order*> open_;
  std::uint64_t last_rank_ = 0;
};

}  // namespace tmw
