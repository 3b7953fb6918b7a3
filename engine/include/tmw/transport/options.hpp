// Which options does every ZeroMQ socket of an engine run with? docs/engine-link.md, "Sockets", says why.
#pragma once

#include <cstdint>
#include <zmq.hpp>

#include "tmw/limits.hpp"

namespace tmw {

inline constexpr int market_data_hwm = 10'000, commands_hwm = 10'000, queries_hwm = 100, work_hwm = 1'000;
inline constexpr std::int64_t max_frame_bytes = static_cast<std::int64_t>(max_payload_bytes) + 65'536;

/// The oldest libzmq that docs/engine-link.md allows, as major × 10000 + minor × 100 + patch.
inline constexpr int oldest_libzmq = 40305;

inline int libzmq_version() {
  int major = 0, minor = 0, patch = 0;
  zmq_version(&major, &minor, &patch);
  return major * 10'000 + minor * 100 + patch;
}

/// Sets all of them, before the socket is bound or connected; `hwm` bounds each peer's queue both ways.
inline void configure(zmq::socket_t& socket, int hwm) {
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::sndtimeo, 0);
  socket.set(zmq::sockopt::rcvtimeo, 0);
  socket.set(zmq::sockopt::sndhwm, hwm);
  socket.set(zmq::sockopt::rcvhwm, hwm);
  socket.set(zmq::sockopt::maxmsgsize, max_frame_bytes);
  socket.set(zmq::sockopt::heartbeat_ivl, 1000);
  socket.set(zmq::sockopt::heartbeat_timeout, 3000);
  socket.set(zmq::sockopt::heartbeat_ttl, 3000);
  socket.set(zmq::sockopt::handshake_ivl, 5000);
  socket.set(zmq::sockopt::backlog, 100);
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::immediate, 1);
}

/// What ROUTER needs on top: an unknown peer is an error, a returning identity replaces the old one.
inline void configure_router(zmq::socket_t& socket) {
  socket.set(zmq::sockopt::router_mandatory, 1);
  socket.set(zmq::sockopt::router_handover, 1);
}

}  // namespace tmw
