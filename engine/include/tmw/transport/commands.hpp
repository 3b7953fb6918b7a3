// How is each command of a bridge answered? One `answer` for each.
//
// What was done before is never done again: a client order id that is held answers `duplicate`, whatever else is wrong
// with the repeat; only then does the deadline count.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tmw/transport/desk.hpp"

namespace tmw {

/// Turns commands of the newest session into calls of the desk, and what they come to into answers.
class CommandDesk {
 public:
  explicit CommandDesk(Desk& desk) : desk_(desk) {}

  FromEngine answer(const NewOrder& command, std::int64_t now_us) {
    Order* order = desk_.orders().find(command.account, command.client_order_id);
    if (order != nullptr) return reply(command, now_us, ReplyOutcome::Duplicate, order);
    if (late(command, now_us)) return too_late(command, now_us);
    if (const auto refusal = desk_.place(command, now_us, order)) return refused(command, now_us, *refusal);
    return reply(command, now_us, ReplyOutcome::Accepted, order);
  }

  FromEngine answer(const CancelOrder& command, std::int64_t now_us) {
    Order* order = nullptr;
    if (const auto refusal = find_open(command, now_us, order)) return refused(command, now_us, *refusal);
    desk_.cancel(*order, now_us);
    return reply(command, now_us, ReplyOutcome::Accepted, order);
  }

  FromEngine answer(const ReplaceOrder& command, std::int64_t now_us) {
    Order* order = nullptr;
    if (const auto refusal = find_open(command, now_us, order)) return refused(command, now_us, *refusal);
    if (const auto refusal = desk_.replace(*order, command, now_us)) return refused(command, now_us, *refusal);
    return reply(command, now_us, ReplyOutcome::Accepted, order);
  }

  FromEngine answer(const MassCancel& command, std::int64_t now_us) {
    if (late(command, now_us)) return too_late(command, now_us);
    std::int64_t canceled = 0;
    for (Order* order : desk_.orders().open_orders()) {
      if (!is_within(*order, command)) continue;
      desk_.cancel(*order, now_us);
      ++canceled;
    }
    CommandReply done = reply(command, now_us, ReplyOutcome::Accepted, nullptr);
    done.canceled = canceled;
    return done;
  }

  FromEngine answer(const OrderStatusRequest& command, std::int64_t now_us) {
    if (late(command, now_us)) return too_late(command, now_us);
    OrderStatus status;
    status.session = command.session;
    status.command_seq = command.command_seq;
    status.order_id = command.order_id;
    status.epoch = desk_.log().epoch();
    status.last_seq = desk_.log().last_seq();
    if (const Order* order = held(command)) tell(*order, status);
    return status;
  }

  FromEngine answer(const OrderListRequest& command, std::int64_t now_us) {
    if (late(command, now_us)) return too_late(command, now_us);
    std::vector<Order*> found = desk_.orders().open_orders();
    const auto is_before = [&](const Order* order) {
      return command.after && !(*command.after < order->asked.order_id);
    };
    found.erase(std::remove_if(found.begin(), found.end(), is_before), found.end());
    const std::size_t told = std::min(found.size(), most_listed);
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(told), found.end(),
                      [](const Order* a, const Order* b) { return a->asked.order_id < b->asked.order_id; });
    OrderList list{command.session,     command.command_seq,    {}, told == found.size(),
                   desk_.log().epoch(), desk_.log().last_seq(), 0};
    for (std::size_t at = 0; at < told; ++at) list.orders.push_back(as_told(*found[at]));
    return list;
  }

 private:
  static constexpr std::size_t most_listed = 500;

  template <class Command>
  static bool late(const Command& command, std::int64_t now_us) {
    return now_us > command.deadline_us;
  }

  static bool is_within(const Order& order, const MassCancel& command) {
    switch (command.scope) {
      case MassCancelScope::Firm:
        return true;
      case MassCancelScope::Desk:
        return order.asked.desk == command.target;
      case MassCancelScope::Account:
        return order.asked.account == command.target;
      case MassCancelScope::Symbol:
        return order.symbol == command.target;
    }
    return false;
  }

  /// Held only if account, client order id and order id all agree.
  template <class Command>
  Order* held(const Command& command) {
    Order* order = desk_.orders().find(command.account, command.client_order_id);
    return order != nullptr && order->asked.order_id == command.order_id ? order : nullptr;
  }

  template <class Command>
  std::optional<Refusal> find_open(const Command& command, std::int64_t now_us, Order*& order) {
    if (late(command, now_us)) return Refusal{RejectCode::DeadlinePassed, late_text};
    order = held(command);
    if (order == nullptr) return Refusal{RejectCode::UnknownOrder, "No such order was ever accepted here."};
    if (!order->final()) return std::nullopt;
    return Refusal{RejectCode::OrderFinal, "The order is " + std::string(word(order->status)) + "."};
  }

  static void tell(const Order& order, OrderStatus& status) {
    status.known = true;
    status.status = order.status;
    status.external_order_id = order.external_order_id;
    status.cum_quantity_e8 = order.cum_e8;
    status.leaves_quantity_e8 = order.leaves_e8();
    status.price_e8 = order.asked.price_e8;
    status.stop_price_e8 = order.asked.stop_price_e8;
  }

  static OpenOrder as_told(const Order& order) {
    return {order.asked.order_id, order.asked.account,      order.asked.client_order_id, order.external_order_id,
            order.symbol,         order.asked.side,         order.asked.quantity_e8,     order.cum_e8,
            order.asked.price_e8, order.asked.stop_price_e8};
  }

  template <class Command>
  CommandReply reply(const Command& command, std::int64_t now_us, ReplyOutcome outcome, const Order* order) {
    CommandReply reply;
    reply.session = command.session;
    reply.command_seq = command.command_seq;
    reply.outcome = outcome;
    if (order != nullptr) reply.external_order_id = order->external_order_id;
    reply.epoch = desk_.log().epoch();
    reply.last_seq = desk_.log().last_seq();
    reply.received_at_us = now_us;
    return reply;
  }

  template <class Command>
  CommandReply refused(const Command& command, std::int64_t now_us, const Refusal& refusal) {
    CommandReply rejected = reply(command, now_us, ReplyOutcome::Rejected, nullptr);
    rejected.code = refusal.code;
    rejected.reason = refusal.reason;
    return rejected;
  }

  template <class Command>
  CommandReply too_late(const Command& command, std::int64_t now_us) {
    return refused(command, now_us, {RejectCode::DeadlinePassed, late_text});
  }

  static constexpr const char* late_text = "The command came after its deadline; nothing was done.";
  Desk& desk_;
};

}  // namespace tmw
