// What did the engine know before it stopped? Rebuilt from its journal, record by record.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>

#include "tmw/codec.hpp"
#include "tmw/transport/orders.hpp"
#include "tmw/transport/report_log.hpp"

namespace tmw {

/// Orders, reports and the fence as the journal's records make them. `EngineFault` where they cannot be the truth.
class History {
 public:
  History(Journal& journal, OrderTable& orders, ReportLog& log) : orders_(orders), log_(log) {
    journal.each([this](const Record& record) { read(record); });
    asked_.clear();
  }

  /// The newest that ever said Hello.
  std::int64_t session() const { return session_; }

 private:
  void read(const Record& record) {
    if (record.kind == RecordKind::Start) {
      asked_.clear();  // asked for in an earlier life without a report: never accepted
      log_.begin(record.session);
    } else if (record.kind == RecordKind::Session) {
      session_ = std::max(session_, record.session);
    } else if (record.kind == RecordKind::Command || record.kind == RecordKind::Entry) {
      read_command(record);
    } else if (record.kind == RecordKind::Report) {
      read_report(record);
    } else if (record.kind == RecordKind::Trigger) {
      Order& order = *by_external_id_.at(record.frames.payload);
      order.triggered = true;
      orders_.settle(order, true);
    }
  }

  void read_command(const Record& record) {
    const auto command = decode_to_engine({record.frames.envelope, record.frames.payload});
    if (!command.ok()) fail(record);
    if (const auto* order = std::get_if<NewOrder>(&command.value()))
      asked_[order->account + '\0' + order->client_order_id] = *order;
  }

  void read_report(const Record& record) {
    const auto message = decode_from_engine({record.frames.envelope, record.frames.payload});
    const auto* report = message.ok() ? std::get_if<ExecutionReport>(&message.value()) : nullptr;
    if (report == nullptr) fail(record);
    log_.restore(*report, record.offset);
    Order* order = orders_.find(report->account, report->client_order_id);
    Order& followed = order != nullptr ? *order : first_report(*report, record);
    const Terms before = terms_of(followed);
    follow(followed, *report);
    orders_.settle(followed, report->exec_type == ExecType::Replaced && loses_place(before, followed));
  }

  Order& first_report(const ExecutionReport& report, const Record& record) {
    const auto asked = asked_.find(report.account + '\0' + report.client_order_id);
    if (asked == asked_.end()) fail(record);
    Order& order = orders_.add(asked->second, report.external_order_id, report.symbol);
    by_external_id_[order.external_order_id] = &order;
    asked_.erase(asked);
    return order;
  }

  static void follow(Order& order, const ExecutionReport& report) {
    order.asked.quantity_e8 = report.quantity_e8;
    order.asked.price_e8 = report.price_e8;
    order.asked.stop_price_e8 = report.stop_price_e8;
    order.cum_e8 = report.cum_quantity_e8;
    order.status = report.status;
  }

  [[noreturn]] static void fail(const Record& record) {
    throw EngineFault("The journal's record at " + std::to_string(record.offset) + " cannot be the truth.");
  }

  OrderTable& orders_;
  ReportLog& log_;
  std::int64_t session_ = 0;
  std::unordered_map<std::string, NewOrder> asked_;
  std::unordered_map<std::string, Order*> by_external_id_;
};

/// The epoch of the last start that the journal holds; 0 = there was none.
inline std::int64_t last_epoch(const std::filesystem::path& directory) {
  if (!Journal::exists(directory)) return 0;
  std::int64_t epoch = 0;
  Journal(directory).each([&](const Record& record) {
    if (record.kind == RecordKind::Start) epoch = std::max(epoch, record.session);
  });
  return epoch;
}

}  // namespace tmw
