// Which sockets does an engine bind, and how do frames come and go without ever waiting for a peer?
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>
#include <zmq.hpp>

#include "tmw/envelope.hpp"
#include "tmw/transport/fault.hpp"
#include "tmw/transport/gatekeeper.hpp"
#include "tmw/transport/keys.hpp"
#include "tmw/transport/options.hpp"

namespace tmw {

/// Where the four sockets are bound.
struct EngineAddresses {
  std::string market_data, commands, queries, work;
};

/// The frames of one message; the views hold until the next message is taken.
class Incoming {
 public:
  /// Takes the next message of `socket`; false = none waits. Frames beyond the fourth are dropped: nothing has so many.
  bool take(zmq::socket_t& socket) {
    views_.clear();
    std::size_t count = 0;
    bool more = true;
    while (more) {
      zmq::message_t& part = parts_[count < parts_.size() - 1 ? count : parts_.size() - 1];
      if (!socket.recv(part, zmq::recv_flags::dontwait)) return false;
      more = part.more();
      ++count;
    }
    for (std::size_t at = 0; at < count && at < parts_.size(); ++at)
      views_.emplace_back(parts_[at].data<char>(), parts_[at].size());
    return true;
  }

  const FrameViews& frames() const { return views_; }

 private:
  std::array<zmq::message_t, 4> parts_;
  FrameViews views_;
};

enum class Sent { Yes, Full, Gone };

/// Never blocks: `Full` = the peer's queue is, `Gone` = there is no such peer; the message is dropped then.
inline Sent send(zmq::socket_t& socket, std::initializer_list<std::string_view> frames) {
  std::size_t left = frames.size();
  for (const std::string_view frame : frames) {
    const int flags = ZMQ_DONTWAIT | (--left > 0 ? ZMQ_SNDMORE : 0);
    if (zmq_send(socket.handle(), frame.data(), frame.size(), flags) >= 0) continue;
    if (zmq_errno() == EAGAIN) return Sent::Full;
    if (zmq_errno() == EHOSTUNREACH) return Sent::Gone;
    throw EngineFault(std::string("A socket cannot be written: ") + zmq_strerror(zmq_errno()));
  }
  return Sent::Yes;
}

/// PUB, ROUTER, REP and PUSH, all CURVE servers of domain `engine`, and the gatekeeper before them. One thread uses it.
class EngineSockets {
 public:
  explicit EngineSockets(const KeyRing& keys)
      : gatekeeper(context_, keys),
        market_data(server(zmq::socket_type::pub, keys, market_data_hwm)),
        commands(server(zmq::socket_type::router, keys, commands_hwm)),
        queries(server(zmq::socket_type::rep, keys, queries_hwm)),
        work(server(zmq::socket_type::push, keys, work_hwm)) {
    configure_router(commands);
    if (libzmq_version() < oldest_libzmq)
      log(Severity::Warning, "libzmq is older than 4.3.5: good for development, not for production.");
  }

  /// Opens the doors; `EngineFault` where an address is taken.
  void bind(const EngineAddresses& addresses) {
    bind(market_data, addresses.market_data);
    bind(commands, addresses.commands);
    bind(queries, addresses.queries);
    bind(work, addresses.work);
  }

  /// Returns as soon as a command or query waits, after at most `wait`.
  void wait(std::chrono::milliseconds wait) {
    std::array<zmq::pollitem_t, 2> items{{{commands.handle(), 0, ZMQ_POLLIN, 0}, {queries.handle(), 0, ZMQ_POLLIN, 0}}};
    if (zmq_poll(items.data(), static_cast<int>(items.size()), static_cast<long>(wait.count())) < 0 &&
        zmq_errno() != EINTR)
      throw EngineFault(std::string("The sockets cannot be polled: ") + zmq_strerror(zmq_errno()));
  }

 private:
  zmq::context_t context_;

 public:
  Gatekeeper gatekeeper;
  zmq::socket_t market_data, commands, queries, work;

 private:
  zmq::socket_t server(zmq::socket_type pattern, const KeyRing& keys, int hwm) {
    zmq::socket_t socket(context_, pattern);
    configure(socket, hwm);
    keys.serve(socket);
    return socket;
  }

  static void bind(zmq::socket_t& socket, const std::string& address) {
    if (zmq_bind(socket.handle(), address.c_str()) != 0)
      throw EngineFault("The address " + address + " cannot be bound: " + zmq_strerror(zmq_errno()));
  }
};

}  // namespace tmw
