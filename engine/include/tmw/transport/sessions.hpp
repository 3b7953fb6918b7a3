// Which bridge may command this engine, and what is on its way to it?
//
// The newest session is a fence: the highest number that ever said Hello, kept in the journal. Reports go to the
// connection on which it said so, and to no other; one that reads too slowly loses reports, never stops the engine, and
// asks for what is missing. While a replay runs, new reports are not sent past it but at its end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tmw/codec.hpp"
#include "tmw/transport/clock.hpp"
#include "tmw/transport/report_log.hpp"
#include "tmw/transport/sockets.hpp"

namespace tmw {

/// The fence and the outbox. Nothing leaves before `deliver`, which is called after the journal's commit.
class Sessions {
 public:
  Sessions(zmq::socket_t& socket, const ReportLog& log, std::int64_t session, ForwardClock& clock)
      : socket_(socket), log_(log), clock_(clock), session_(session) {}

  std::int64_t session() const { return session_; }
  bool replaying() const { return replay_.has_value(); }
  /// Messages that a connection did not take.
  std::uint64_t dropped() const { return dropped_; }

  /// From now on `session`, on the connection `identity`, is the only one served.
  void adopt(std::int64_t session, std::string_view identity) {
    session_ = session;
    identity_ = std::string(identity);
    replay_.reset();
  }

  /// Why a message of `session` from `identity` must not be served; nothing = it may.
  std::optional<RejectCode> fault(std::int64_t session, std::string_view identity) const {
    if (session < session_) return RejectCode::StaleSession;
    if (session > session_ || identity_ != identity) return RejectCode::NoSession;
    return std::nullopt;
  }

  /// Lets `message` leave at the next delivery; its `sent_at_us` is set then.
  void answer(std::string_view identity, FromEngine message) {
    outbox_.push_back({std::string(identity), std::move(message)});
  }

  /// Lets a report leave at the next delivery, unless a replay will come to it.
  void report(Frames frames) {
    if (identity_ && !replay_) outbox_.push_back({*identity_, std::move(frames)});
  }

  /// Sends everything after (epoch, after_seq); replaces a replay that is running.
  void start_replay(std::int64_t epoch, std::int64_t after_seq) {
    replay_ = log_.find(epoch, after_seq);
    if (!replay_->complete)
      log(Severity::Warning, "REPLAY_UNAVAILABLE: a replay was asked for from a number that is not known here.");
  }

  /// Tells the session, if there is one, where the reports stand.
  void heartbeat() {
    if (identity_) answer(*identity_, EngineHeartbeat{session_, log_.epoch(), log_.last_seq(), 0});
  }

  /// Sends what waits, in order; what the socket does not take is dropped and counted.
  void deliver() {
    std::vector<Outgoing> outbox;
    outbox.swap(outbox_);
    for (Outgoing& out : outbox) dropped_ += !sent(out.identity, frames_of(out.content));
    continue_replay();
  }

 private:
  struct Outgoing {
    std::string identity;
    std::variant<FromEngine, Frames> content;
  };
  static constexpr std::size_t slice = 200;  ///< reports of a replay between two looks at the command socket

  Frames frames_of(std::variant<FromEngine, Frames>& content) {
    if (auto* ready = std::get_if<Frames>(&content)) return std::move(*ready);
    return std::visit([this](auto& message) { return sealed(stamped(message)); }, std::get<FromEngine>(content));
  }

  Welcome& stamped(Welcome& message) { return with_time(message); }
  EngineHeartbeat& stamped(EngineHeartbeat& message) { return with_time(message); }
  CommandReply& stamped(CommandReply& message) { return with_time(message); }
  OrderStatus& stamped(OrderStatus& message) { return with_time(message); }
  OrderList& stamped(OrderList& message) { return with_time(message); }
  template <class Message>
  Message& stamped(Message& message) {
    return message;
  }

  template <class Message>
  Message& with_time(Message& message) {
    message.sent_at_us = clock_();
    return message;
  }

  void continue_replay() {
    if (!replay_ || !identity_) return;
    const std::size_t end = std::min(replay_->position + slice, log_.size());
    while (replay_->position < end && sent(*identity_, log_.frames(replay_->position))) ++replay_->position;
    if (!replay_ || replay_->position < log_.size()) return;
    const ReplayDone done{session_, log_.epoch(), log_.last_seq(), replay_->complete};
    if (sent(*identity_, sealed(done))) replay_.reset();
  }

  bool sent(const std::string& identity, const Frames& frames) {
    const Sent outcome = send(socket_, {identity, frames.envelope, frames.payload});
    if (outcome == Sent::Gone && identity_ == identity) forget_connection();
    return outcome == Sent::Yes;
  }

  void forget_connection() {
    identity_.reset();
    replay_.reset();
    log(Severity::Info, "The bridge's connection is gone.");
  }

  zmq::socket_t& socket_;
  const ReportLog& log_;
  ForwardClock& clock_;
  std::int64_t session_;
  std::optional<std::string> identity_;
  std::vector<Outgoing> outbox_;
  std::optional<ReplayPoint> replay_;
  std::uint64_t dropped_ = 0;
};

}  // namespace tmw
