// Do the fields of a message, each right by itself, also agree with one another? bridge/wire/rules.py in C++.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tmw/messages.hpp"

namespace tmw {

/// What in the message contradicts itself, in words; null = nothing.
template <class Message>
const char* contradiction(const Message&) {
  return nullptr;
}

inline const char* contradiction(const NewOrder& order) {
  const OrderType type = order.order_type;
  const bool priced = type == OrderType::Limit || type == OrderType::StopLimit;
  const bool stopped = type == OrderType::Stop || type == OrderType::StopLimit;
  if (order.price_e8.has_value() != priced) return "priceE8 belongs to limit and stop_limit orders";
  if (order.stop_price_e8.has_value() != stopped) return "stopPriceE8 belongs to stop and stop_limit orders";
  if (order.expires_at_us.has_value() != (order.time_in_force == TimeInForce::Gtd))
    return "expiresAtUs belongs to gtd orders";
  return nullptr;
}

inline const char* contradiction(const ReplaceOrder& replace) {
  return replace.quantity_e8 || replace.price_e8 || replace.stop_price_e8 ? nullptr : "nothing is to be replaced";
}

inline const char* contradiction(const MassCancel& cancel) {
  return cancel.target.has_value() == (cancel.scope != MassCancelScope::Firm) ? nullptr : "scope and target do not fit";
}

inline const char* contradiction(const CommandReply& reply) {
  return reply.code.has_value() == (reply.outcome == ReplyOutcome::Rejected) ? nullptr : "outcome and code do not fit";
}

inline const char* contradiction(const OrderStatus& answer) {
  if (answer.known != answer.status.has_value()) return "known and status do not fit";
  const bool told = answer.cum_quantity_e8 != 0 || answer.leaves_quantity_e8 != 0 || answer.price_e8 ||
                    answer.stop_price_e8 || answer.external_order_id;
  return !answer.known && told ? "an order that is not known has quantities, prices or an id" : nullptr;
}

inline const char* contradiction(const OrderList& answer) {
  if (!answer.complete && answer.orders.empty()) return "an empty list is not complete";
  const auto descends = [](const OpenOrder& a, const OpenOrder& b) { return !(a.order_id < b.order_id); };
  const auto found = std::adjacent_find(answer.orders.begin(), answer.orders.end(), descends);
  return found == answer.orders.end() ? nullptr : "the orders do not ascend by their ids";
}

inline const char* contradiction(const ExecutionReport& report) {
  const ExecType type = report.exec_type;
  const bool traded = type == ExecType::Trade || type == ExecType::TradeCorrect;
  const bool amending = type == ExecType::TradeCancel || type == ExecType::TradeCorrect;
  if (traded && (report.last_quantity_e8 == 0 || report.last_price_e8 == 0))
    return "a trade without lastQuantityE8 or lastPriceE8";
  return report.ref_exec_id.has_value() == amending ? nullptr : "refExecId belongs to trade_cancel and trade_correct";
}

namespace detail {

template <class Row>
bool has_id_twice(const std::vector<Row>& rows) {
  std::vector<std::uint32_t> ids;
  ids.reserve(rows.size());
  for (const Row& row : rows) ids.push_back(row.instrument_id);
  std::sort(ids.begin(), ids.end());
  return std::adjacent_find(ids.begin(), ids.end()) != ids.end();
}

inline bool falls(const Level& a, const Level& b) { return a.price_e8 > b.price_e8; }
inline bool rises(const Level& a, const Level& b) { return a.price_e8 < b.price_e8; }

template <class Step>
bool each_step(const std::vector<Level>& side, Step is_right) {
  const auto is_wrong = [&](const Level& a, const Level& b) { return !is_right(a, b); };
  return std::adjacent_find(side.begin(), side.end(), is_wrong) == side.end();
}

}  // namespace detail

inline const char* contradiction(const InstrumentList& table) {
  return detail::has_id_twice(table.instruments) ? "an instrumentId occurs twice" : nullptr;
}

inline const char* contradiction(const BookSnapshot& snapshot) {
  if (detail::has_id_twice(snapshot.instruments)) return "an instrumentId occurs twice";
  const auto is_sorted = [](const InstrumentSnapshot& row) {
    return detail::each_step(row.bids, detail::falls) && detail::each_step(row.asks, detail::rises);
  };
  const bool sorted = std::all_of(snapshot.instruments.begin(), snapshot.instruments.end(), is_sorted);
  return sorted ? nullptr : "a side is not sorted best first";
}

inline const char* contradiction(const Bar& bar) {
  const bool inside = bar.low_e8 <= bar.open_e8 && bar.open_e8 <= bar.high_e8 &&  //
                      bar.low_e8 <= bar.close_e8 && bar.close_e8 <= bar.high_e8;
  return inside ? nullptr : "open and close lie outside of low and high";
}

}  // namespace tmw
