// How does a message become the two frames of the link, and which two frames are a message again?
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include "tmw/envelope.hpp"
#include "tmw/faults.hpp"
#include "tmw/messages.hpp"
#include "tmw/reading.hpp"
#include "tmw/writing.hpp"

namespace tmw {

/// The frames of a message whose place in its topic stands in the envelope: `TopicHeartbeat`.
template <class Message>
Result<Frames> encode_numbered(const Message& message, std::uint64_t epoch, std::uint64_t seq) {
  Result<std::string> payload = write_message(message);
  if (!payload.ok()) return payload.fault();
  return seal(Kind::Message, std::move(payload.value()), epoch, seq);
}

/// The frames of any other message.
template <class Message>
Result<Frames> encode(const Message& message) {
  return encode_numbered(message, 0, 0);
}

inline Result<Frames> encode(const EngineStatus& status) {
  return encode_numbered(status, static_cast<std::uint64_t>(status.epoch), 0);
}

/// A message with what its envelope says.
template <class Union>
struct Received {
  Union message;
  Envelope envelope;
};

namespace detail {

template <class Union>
Result<Received<Union>> decode(const FrameViews& frames) {
  if (frames.size() != 2) return Fault{Reason::FrameCount, "not exactly envelope and payload"};
  const Result<Envelope> envelope = check(frames[0], frames[1]);
  if (!envelope.ok()) return envelope.fault();
  if (envelope.value().kind != Kind::Message) return Fault{Reason::Kind, "a batch where a message is expected"};
  Result<Union> message = read_message<Union>(frames[1]);
  if (!message.ok()) return message.fault();
  return Received<Union>{std::move(message.value()), envelope.value()};
}

template <class Union>
Result<Union> decode_unnumbered(const FrameViews& frames) {
  Result<Received<Union>> received = decode<Union>(frames);
  if (!received.ok()) return received.fault();
  const Envelope& envelope = received.value().envelope;
  if (envelope.epoch != 0 || envelope.seq != 0) return Fault{Reason::Numbering, "a number where none is used"};
  return std::move(received.value().message);
}

inline bool numbers_fit(const TopicHeartbeat&, const Envelope& envelope) { return envelope.epoch > 0; }
inline bool numbers_fit(const EngineStatus& status, const Envelope& envelope) {
  return envelope.epoch == static_cast<std::uint64_t>(status.epoch) && envelope.seq == 0;
}

}  // namespace detail

/// What a bridge says on the command socket.
inline Result<ToEngine> decode_to_engine(const FrameViews& frames) {
  return detail::decode_unnumbered<ToEngine>(frames);
}

/// What the engine says on the command socket.
inline Result<FromEngine> decode_from_engine(const FrameViews& frames) {
  return detail::decode_unnumbered<FromEngine>(frames);
}

/// A question on the query socket.
inline Result<Query> decode_query(const FrameViews& frames) { return detail::decode_unnumbered<Query>(frames); }

/// Its answer.
inline Result<QueryReply> decode_query_reply(const FrameViews& frames) {
  return detail::decode_unnumbered<QueryReply>(frames);
}

/// What comes on the work socket.
inline Result<Work> decode_bar(const FrameViews& frames) { return detail::decode_unnumbered<Work>(frames); }

/// What is no batch on the market-data socket, without its topic frame, and the numbers of its envelope.
inline Result<Received<Published>> decode_published(const FrameViews& frames) {
  Result<Received<Published>> received = detail::decode<Published>(frames);
  if (!received.ok()) return received;
  const Envelope& envelope = received.value().envelope;
  const auto fit = [&](const auto& message) { return detail::numbers_fit(message, envelope); };
  if (!std::visit(fit, received.value().message))
    return Fault{Reason::Numbering, "epoch and seq of the envelope do not suit the message"};
  return received;
}

}  // namespace tmw
