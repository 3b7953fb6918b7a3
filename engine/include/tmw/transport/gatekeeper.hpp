// Is this key one of those that may connect? Answers ZAP (https://rfc.zeromq.org/spec/27) in a thread of its own.
//
// A CURVE server without a ZAP handler lets in every key: make one before the first bind.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "tmw/transport/keys.hpp"
#include "tmw/transport/log.hpp"
#include "tmw/transport/options.hpp"

namespace tmw {

class Gatekeeper {
 public:
  Gatekeeper(zmq::context_t& context, const KeyRing& keys)
      : keys_(keys),
        zap_(context, zmq::socket_type::rep),
        ended_(context, zmq::socket_type::pair),
        end_(context, zmq::socket_type::pair) {
    for (zmq::socket_t* socket : {&zap_, &ended_, &end_}) configure(*socket, queries_hwm);
    zap_.bind("inproc://zeromq.zap.01");
    ended_.bind("inproc://tmw.gatekeeper.end");
    end_.connect("inproc://tmw.gatekeeper.end");
    // From here on the thread alone touches `zap_` and `ended_`, until it has ended.
    thread_ = std::thread([this] { run(); });
  }

  ~Gatekeeper() {
    end_.send(zmq::message_t(), zmq::send_flags::dontwait);
    thread_.join();
  }

  Gatekeeper(const Gatekeeper&) = delete;
  Gatekeeper& operator=(const Gatekeeper&) = delete;

  /// Connections that were turned away for their key or mechanism.
  std::uint64_t refused() const { return refused_; }

 private:
  using Request = std::vector<std::string>;
  enum Part : std::size_t { version, request_id, domain, address, identity, mechanism, key, parts };

  void run() {
    std::array<zmq::pollitem_t, 2> items{{{zap_.handle(), 0, ZMQ_POLLIN, 0}, {ended_.handle(), 0, ZMQ_POLLIN, 0}}};
    while ((items[1].revents & ZMQ_POLLIN) == 0) {
      // A signal may end the wait: that is no fault.
      if (zmq_poll(items.data(), static_cast<int>(items.size()), -1) < 0) continue;
      if ((items[0].revents & ZMQ_POLLIN) != 0) answer(received());
    }
  }

  Request received() {
    Request request;
    zmq::message_t part;
    do {
      if (!zap_.recv(part, zmq::recv_flags::dontwait)) return request;
      request.push_back(part.to_string());
    } while (part.more());
    return request;
  }

  /// One reply for one request, whatever the request is: REP cannot go on without it.
  void answer(const Request& request) {
    if (request.empty()) return;
    const std::string role = judged(request);
    if (role.empty()) refuse();
    const std::string id = request.size() > request_id ? request[request_id] : "";
    const std::array<std::string, 6> reply{
        {"1.0", id, role.empty() ? "400" : "200", role.empty() ? "Not admitted" : "OK", role, ""}};
    for (std::size_t at = 0; at < reply.size(); ++at)
      zap_.send(zmq::buffer(reply[at]), at + 1 < reply.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
  }

  /// The role whose key this is; empty = nobody's.
  std::string judged(const Request& request) const {
    if (request.size() < parts || request[version] != "1.0") return {};
    if (request[domain] != engine_domain || request[mechanism] != "CURVE") return {};
    return keys_.role_of(request[key]);
  }

  void refuse() {
    ++refused_;
    if (throttle_.due()) log(Severity::Warning, "A ZeroMQ peer was refused; " + std::to_string(refused_) + " so far.");
  }

  KeyRing keys_;  ///< its files are read again for each connection: a key is added or revoked while the engine runs
  std::atomic<std::uint64_t> refused_{0};
  Throttle throttle_;
  zmq::socket_t zap_, ended_, end_;
  std::thread thread_;
};

}  // namespace tmw
