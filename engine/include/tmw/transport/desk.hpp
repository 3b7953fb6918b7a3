// What becomes of orders: which are accepted, what is reported of them, and when do they end?
//
// No clock and no socket: `now_us` comes in, reports go to the sessions and leave once the journal is committed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tmw/transport/orders.hpp"
#include "tmw/transport/report_log.hpp"
#include "tmw/transport/sessions.hpp"
#include "tmw/transport/venue.hpp"

namespace tmw {

/// Why a command is not done; `reason` is for people.
struct Refusal {
  RejectCode code{};
  std::string reason;
};

class Desk {
 public:
  Desk(Venue& venue, OrderTable& orders, ReportLog& log, Journal& journal, Sessions& sessions)
      : venue_(venue), orders_(orders), log_(log), journal_(journal), sessions_(sessions) {
    for (const Instrument& listing : venue.instruments()) {
      by_id_[listing.instrument_id] = &listing;
      by_symbol_[listing.symbol] = &listing;
    }
  }

  OrderTable& orders() { return orders_; }
  const ReportLog& log() const { return log_; }

  // --- what the bridge asks for ---------------------------------------------------------------------------------
  /// A new order, accepted and worked; `held` is null where it is refused: then it never was an order.
  std::optional<Refusal> place(const NewOrder& command, std::int64_t now_us, Order*& held) {
    const auto listing = by_id_.find(command.instrument_id);
    if (listing == by_id_.end()) return Refusal{RejectCode::UnknownInstrument, "The instrument is not traded here."};
    if (auto refusal = fault_of(command, *listing->second, now_us)) return refusal;
    const std::string external = std::to_string(log_.epoch()) + '-' + std::to_string(++placed_);
    held = &orders_.add(command, external, listing->second->symbol);
    report(*held, ExecType::New, now_us);
    open(*held, now_us);
    return std::nullopt;
  }

  /// Changes an open order. More quantity or another price costs the place.
  std::optional<Refusal> replace(Order& order, const ReplaceOrder& command, std::int64_t now_us) {
    if (auto refusal = fault_of(order, command, *by_id_.at(order.asked.instrument_id))) return refusal;
    const Terms before = terms_of(order);
    order.asked.quantity_e8 = command.quantity_e8.value_or(before.quantity_e8);
    if (command.price_e8) order.asked.price_e8 = command.price_e8;
    if (command.stop_price_e8) order.asked.stop_price_e8 = command.stop_price_e8;
    report(order, ExecType::Replaced, now_us);
    if (loses_place(before, order)) {
      venue_.remove(order, now_us);
      orders_.settle(order, true);
      venue_.open(order, now_us);
    } else if (order.asked.quantity_e8 < before.quantity_e8) {
      venue_.shrink(order, now_us);
    }
    return std::nullopt;
  }

  /// Ends an open order at its owner's wish.
  void cancel(Order& order, std::int64_t now_us) {
    venue_.remove(order, now_us);
    end(order, ExecType::Canceled, now_us);
  }

  // --- what the venue says --------------------------------------------------------------------------------------
  /// The order traded `size_e8` at `price_e8`.
  void fill(Order& order, std::int64_t size_e8, std::int64_t price_e8, std::int64_t now_us) {
    order.cum_e8 += size_e8;
    const bool done = order.cum_e8 >= order.asked.quantity_e8;
    order.status = done ? EngineOrderStatus::Filled : EngineOrderStatus::PartiallyFilled;
    orders_.settle(order);
    report(order, ExecType::Trade, now_us, size_e8, price_e8);
  }

  /// What was left of the order is gone; it is in no book any more.
  void end(Order& order, ExecType how, std::int64_t now_us, std::optional<RejectCode> code = {},
           const std::string& reason = {}) {
    order.status = how == ExecType::Expired    ? EngineOrderStatus::Expired
                   : how == ExecType::Rejected ? EngineOrderStatus::Rejected
                                               : EngineOrderStatus::Canceled;
    orders_.settle(order);
    report(order, how, now_us, 0, 0, code, reason);
  }

  /// The stop order is a market or limit order from now on, over restarts too.
  void trigger(Order& order, std::int64_t now_us) {
    order.triggered = true;
    journal_.append(RecordKind::Trigger, now_us, log_.epoch(), {}, order.external_order_id);
  }

  // --- what time does -------------------------------------------------------------------------------------------
  /// Ends the good-till-date orders whose time has come.
  void expire(std::int64_t now_us) {
    while (!expiries_.empty() && expiries_.top().first <= now_us) {
      Order& order = *expiries_.top().second;
      expiries_.pop();
      if (order.final()) continue;
      venue_.remove(order, now_us);
      end(order, ExecType::Expired, now_us);
    }
  }

  /// Ends every open order, whoever's it is.
  void end_all(std::int64_t now_us, RejectCode code, const std::string& reason) {
    for (Order* order : orders_.open_orders()) {
      venue_.remove(*order, now_us);
      end(*order, ExecType::Canceled, now_us, code, reason);
    }
  }

  /// Puts an order of an earlier life back; where its instrument is gone or counts differently, ends it.
  void reopen(Order& order, std::int64_t now_us) {
    const auto listing = by_symbol_.find(order.symbol);
    if (listing == by_symbol_.end() || step_fault(order, *listing->second))
      return end(order, ExecType::Canceled, now_us, RejectCode::UnknownInstrument, "Not traded in this run.");
    order.asked.instrument_id = listing->second->instrument_id;
    open(order, now_us);
  }

 private:
  using Expiry = std::pair<std::int64_t, Order*>;
  static constexpr std::int64_t most_quantity_e8 = 100'000'000'000'000'000;  ///< sums over a book stay far from 64 bits

  void open(Order& order, std::int64_t now_us) {
    if (order.asked.expires_at_us) expiries_.push({*order.asked.expires_at_us, &order});
    venue_.open(order, now_us);
  }

  static std::optional<Refusal> price_fault(const std::optional<std::int64_t>& price_e8, const Instrument& listing) {
    if (!price_e8 || *price_e8 % listing.tick_e8 == 0) return std::nullopt;
    return Refusal{RejectCode::OffTick, "The price is not a multiple of the tick."};
  }

  static std::optional<Refusal> quantity_fault(std::int64_t quantity_e8, const Instrument& listing) {
    if (quantity_e8 % listing.lot_e8 != 0)
      return Refusal{RejectCode::OffLot, "The quantity is not a multiple of the lot."};
    if (quantity_e8 > most_quantity_e8) return Refusal{RejectCode::InvalidOrder, "The quantity is beyond any market."};
    return std::nullopt;
  }

  static std::optional<Refusal> fault_of(const NewOrder& order, const Instrument& listing, std::int64_t now_us) {
    if (auto refusal = price_fault(order.price_e8, listing)) return refusal;
    if (auto refusal = price_fault(order.stop_price_e8, listing)) return refusal;
    if (auto refusal = quantity_fault(order.quantity_e8, listing)) return refusal;
    if (order.expires_at_us.value_or(now_us + 1) > now_us) return std::nullopt;
    return Refusal{RejectCode::InvalidOrder, "The order's expiry lies in the past."};
  }

  static std::optional<Refusal> fault_of(const Order& order, const ReplaceOrder& change, const Instrument& listing) {
    if (auto refusal = price_fault(change.price_e8, listing)) return refusal;
    if (auto refusal = price_fault(change.stop_price_e8, listing)) return refusal;
    if (change.price_e8 && !order.has_limit())
      return Refusal{RejectCode::InvalidOrder, "The order has no limit price."};
    if (change.stop_price_e8 && !order.waits_for_stop())
      return Refusal{RejectCode::InvalidOrder, "The order has no stop price any more, or never had one."};
    if (!change.quantity_e8) return std::nullopt;
    if (auto refusal = quantity_fault(*change.quantity_e8, listing)) return refusal;
    if (*change.quantity_e8 > order.cum_e8) return std::nullopt;
    return Refusal{RejectCode::InvalidOrder, "As much or more has been filled already."};
  }

  static bool step_fault(const Order& order, const Instrument& listing) {
    return price_fault(order.asked.price_e8, listing) || price_fault(order.asked.stop_price_e8, listing) ||
           order.leaves_e8() % listing.lot_e8 != 0;
  }

  void report(const Order& order, ExecType how, std::int64_t now_us, std::int64_t size_e8 = 0,
              std::int64_t price_e8 = 0, std::optional<RejectCode> code = {}, const std::string& reason = {}) {
    ExecutionReport report;
    report.epoch = log_.epoch();
    report.seq = log_.last_seq() + 1;
    report.exec_id = std::to_string(report.epoch) + '-' + std::to_string(report.seq);
    report.exec_type = how;
    report.status = order.status;
    report.order_id = order.asked.order_id;
    report.account = order.asked.account;
    report.client_order_id = order.asked.client_order_id;
    report.external_order_id = order.external_order_id;
    report.instrument_id = order.asked.instrument_id;
    report.symbol = order.symbol;
    report.side = order.asked.side;
    report.quantity_e8 = order.asked.quantity_e8;
    report.cum_quantity_e8 = order.cum_e8;
    report.leaves_quantity_e8 = order.leaves_e8();
    report.last_quantity_e8 = size_e8;
    report.last_price_e8 = price_e8;
    report.price_e8 = order.asked.price_e8;
    report.stop_price_e8 = order.asked.stop_price_e8;
    report.code = code;
    report.reason = reason;
    report.transacted_at_us = now_us;
    sessions_.report(log_.append(report));
  }

  Venue& venue_;
  OrderTable& orders_;
  ReportLog& log_;
  Journal& journal_;
  Sessions& sessions_;
  std::unordered_map<std::uint32_t, const Instrument*> by_id_;
  std::unordered_map<std::string, const Instrument*> by_symbol_;
  std::priority_queue<Expiry, std::vector<Expiry>, std::greater<Expiry>> expiries_;
  std::uint64_t placed_ = 0;
};

}  // namespace tmw
