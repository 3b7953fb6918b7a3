// What is done with each message that arrives on the command socket?
//
// A fault of a sender is counted by its reason and answered where that is possible; it never reaches anybody else.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>

#include "tmw/codec.hpp"
#include "tmw/transport/commands.hpp"
#include "tmw/transport/dead_man.hpp"
#include "tmw/transport/query_desk.hpp"
#include "tmw/transport/sessions.hpp"

namespace tmw {

class Reception {
 public:
  Reception(Sessions& sessions, CommandDesk& desk, const ReportLog& log, Journal& journal)
      : sessions_(sessions), desk_(desk), log_(log), journal_(journal) {}

  /// Messages that could not be read.
  const FaultCounter& faults() const { return faults_; }
  DeadMan& dead_man() { return dead_man_; }

  /// Handles one message of the ROUTER socket: identity first.
  void take(const FrameViews& frames, std::int64_t now_us) {
    if (frames.empty()) return;
    const std::string_view identity = frames[0];
    const FrameViews content(frames.begin() + 1, frames.end());
    const Result<ToEngine> message = decode_to_engine(content);
    if (!message.ok()) return refuse(identity, message.fault());
    std::visit([&](const auto& said) { hear(identity, content, said, now_us); }, message.value());
  }

 private:
  void refuse(std::string_view identity, const Fault& fault) {
    faults_.count(fault.reason);
    if (throttle_.due())
      log(Severity::Warning, "A message on the command socket could not be read: " + text_of(fault) + "; " +
                                 std::to_string(faults_.total()) + " so far.");
    reject(identity, 0, code_of(fault), text_of(fault));
  }

  void hear(std::string_view identity, const FrameViews&, const Hello& hello, std::int64_t now_us) {
    if (hello.protocol_version != protocol_version)
      return reject(identity, hello.session, RejectCode::VersionMismatch, "This engine speaks version 1.");
    if (hello.session < sessions_.session())
      return reject(identity, hello.session, RejectCode::StaleSession, "A newer session has said Hello.");
    if (hello.session > sessions_.session()) journal_.append(RecordKind::Session, now_us, hello.session);
    sessions_.adopt(hello.session, identity);
    sessions_.answer(identity, Welcome{protocol_version, hello.session, log_.epoch(), log_.last_seq(), 0});
  }

  template <class Message>
  void hear(std::string_view identity, const FrameViews& content, const Message& said, std::int64_t now_us) {
    constexpr bool is_command = !std::is_same_v<Message, ClientHeartbeat> && !std::is_same_v<Message, ReplayRequest>;
    if constexpr (is_command) journal_.append(RecordKind::Command, now_us, said.session, content[0], content[1]);
    if (const auto code = sessions_.fault(said.session, identity))
      return reject(identity, said.session, *code, "Say Hello with a newer session.");
    if constexpr (is_command) {
      sessions_.answer(identity, desk_.answer(said, now_us));
    } else {
      serve(said, now_us);
    }
  }

  void serve(const ReplayRequest& request, std::int64_t) { sessions_.start_replay(request.epoch, request.after_seq); }
  void serve(const ClientHeartbeat& beat, std::int64_t now_us) {
    if (beat.cancel_after_ms) dead_man_.put_off(*beat.cancel_after_ms, now_us);
  }

  void reject(std::string_view identity, std::int64_t session, RejectCode code, std::string text) {
    sessions_.answer(identity, SessionReject{session, code, std::move(text)});
  }

  Sessions& sessions_;
  CommandDesk& desk_;
  const ReportLog& log_;
  Journal& journal_;
  FaultCounter faults_;
  DeadMan dead_man_;
  Throttle throttle_;
};

}  // namespace tmw
