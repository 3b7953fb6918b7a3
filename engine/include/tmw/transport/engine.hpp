// What runs in an engine's process? One thread, one poll, one pass after another.
//
// A pass takes the commands that wait, moves the market, makes the journal durable with one sync and only then lets
// replies, reports and market data leave. What there is much of is done in slices, so that none keeps the others
// waiting.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include "tmw/transport/clock.hpp"
#include "tmw/transport/commands.hpp"
#include "tmw/transport/desk.hpp"
#include "tmw/transport/file_lock.hpp"
#include "tmw/transport/publisher.hpp"
#include "tmw/transport/query_desk.hpp"
#include "tmw/transport/reception.hpp"
#include "tmw/transport/recovery.hpp"
#include "tmw/transport/sessions.hpp"
#include "tmw/transport/settings.hpp"
#include "tmw/transport/sockets.hpp"
#include "tmw/transport/venue.hpp"

namespace tmw {

/// One life of an engine: an epoch. Make it, `run` it and let it go in one thread. `EngineFault` = it cannot go on.
class Engine {
 public:
  Engine(Venue& venue, const EngineSettings& settings)
      : venue_(venue),
        lock_(settings.directory / "lock"),
        epoch_(next_epoch(settings)),
        journal_(settings.directory),
        log_(journal_),
        history_(journal_, orders_, log_),
        sockets_(KeyRing(settings.keys)),
        publisher_(sockets_.market_data, epoch_, venue.instruments()),
        sessions_(sockets_.commands, log_, history_.session(), clock_),
        desk_(venue, orders_, log_, journal_, sessions_),
        commands_(desk_),
        reception_(sessions_, commands_, log_, journal_),
        queries_(venue, publisher_, epoch_) {
    begin();
    sockets_.bind(settings.addresses);
  }

  std::int64_t epoch() const { return epoch_; }
  Publisher& publisher() { return publisher_; }

  /// Serves until `stop` is true, then says so and waits a moment: readers drop what they have not read when a
  /// connection ends.
  void run(const std::atomic<bool>& stop) {
    log(Severity::Info, "The engine is ready: epoch " + std::to_string(epoch_) + ", " +
                            std::to_string(venue_.instruments().size()) + " instruments, " +
                            std::to_string(orders_.size()) + " orders.");
    while (!stop) serve_once();
    publisher_.heartbeat(clock_(), EngineState::Stopping);
    std::this_thread::sleep_for(last_word);
  }

  /// One pass.
  void serve_once() {
    sockets_.wait(wait());
    take_commands();
    const std::int64_t now_us = clock_();
    venue_.move(now_us);
    desk_.expire(now_us);
    watch_over(now_us);
    journal_.commit(now_us);
    let_go(now_us);
    publisher_.bars.send_finished(sockets_.work, now_us);
    answer_queries();
  }

 private:
  static constexpr std::int64_t heartbeat_us = 500'000;  ///< as market data asks for; the command socket needs less
  static constexpr int most_messages = 256, most_queries = 16;
  static constexpr std::chrono::milliseconds longest_wait{50}, last_word{200};

  std::int64_t next_epoch(const EngineSettings& settings) {
    const std::int64_t now_us = clock_();
    const std::int64_t epoch = std::max(last_epoch(settings.directory) + 1, now_us);
    if (settings.forget) set_journal_aside(settings.directory, now_us);
    return epoch;
  }

  /// Begins the epoch; open orders go back to the market in their old order.
  void begin() {
    const std::int64_t now_us = clock_();
    journal_.append(RecordKind::Start, now_us, epoch_);
    journal_.commit(now_us);
    log_.begin(epoch_);
    venue_.enter(desk_, publisher_);
    for (Order* order : orders_.open_orders())
      if (!order->final()) desk_.reopen(*order, now_us);
    desk_.expire(now_us);
    venue_.move(now_us);
    journal_.commit(now_us);
  }

  std::chrono::milliseconds wait() {
    if (sessions_.replaying()) return std::chrono::milliseconds(1);
    const std::chrono::milliseconds idle(venue_.idle_us(clock_()) / 1000);
    return std::clamp(idle, std::chrono::milliseconds(1), longest_wait);
  }

  void take_commands() {
    for (int taken = 0; taken < most_messages && incoming_.take(sockets_.commands); ++taken)
      reception_.take(incoming_.frames(), clock_());
  }

  void watch_over(std::int64_t now_us) {
    if (!reception_.dead_man().fires(now_us)) return;
    log(Severity::Error, "The order bridge is silent: every order is ended.");
    desk_.end_all(now_us, RejectCode::BridgeSilent, "The order bridge gave no sign of life.");
  }

  /// Lets everything leave that the journal now holds; each half second with heartbeats behind it.
  void let_go(std::int64_t now_us) {
    const bool beat = now_us >= next_heartbeat_us_;
    if (beat) {
      next_heartbeat_us_ = now_us + heartbeat_us;
      sessions_.heartbeat();
    }
    sessions_.deliver();
    publisher_.flush();
    if (beat) publisher_.heartbeat(now_us, EngineState::Open);
  }

  void answer_queries() {
    for (int taken = 0; taken < most_queries && incoming_.take(sockets_.queries); ++taken) {
      const Frames answer = queries_.answer(incoming_.frames());
      send(sockets_.queries, {answer.envelope, answer.payload});
    }
  }

  Venue& venue_;
  ForwardClock clock_;
  FileLock lock_;
  std::int64_t epoch_;
  Journal journal_;
  OrderTable orders_;
  ReportLog log_;
  History history_;
  EngineSockets sockets_;
  Publisher publisher_;
  Sessions sessions_;
  Desk desk_;
  CommandDesk commands_;
  Reception reception_;
  QueryDesk queries_;
  Incoming incoming_;
  std::int64_t next_heartbeat_us_ = 0;
};

}  // namespace tmw
