// One socket: it connects, shakes hands, subscribes, and hands on every message that its server sends.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "address.hpp"
#include "dialect.hpp"
#include "following.hpp"
#include "websocket.hpp"

// A message that means nothing here: such a run measures nothing, so it ends.
struct Unreadable : std::runtime_error {
    explicit Unreadable(std::string_view text) : std::runtime_error("unreadable: " + std::string(text.substr(0, 300))) {}
};

// Told of everything that a connection receives.
class Listener {
public:
    virtual ~Listener() = default;
    virtual void subscribed() = 0;
    virtual void items(Following& following, const Reading& reading, size_t bytes) = 0;
};

class Connection {
public:
    Connection(const Dialect& dialect, Listener& listener, std::string symbols, Following following)
        : dialect_(dialect), listener_(listener), symbols_(std::move(symbols)), following_(std::move(following)) {}

    // Connects and sends the handshake; std::system_error.
    void open(const Address& server, const std::string& target);

    // Reads what there is; false when the server has closed, with `why()`. `drained`: nothing more waits.
    bool on_readable(bool& drained);

    int descriptor() const { return descriptor_; }
    const std::string& why() const { return why_; }
    bool stalls() const { return following_.stalls; }

private:
    bool on_handshake();
    bool on_bytes(std::string_view bytes);
    bool on_frame(const Frame& frame);
    bool on_text(std::string_view text);
    bool ended(std::string why);
    void send(Opcode opcode, std::string_view payload);
    void send_raw(std::string_view bytes);

    const Dialect& dialect_;
    Listener& listener_;
    const std::string symbols_;
    Following following_;
    int descriptor_ = -1;
    bool shaken_ = false;
    std::string pending_;  // the beginning of a handshake or frame whose rest has not come
    std::string why_;
};
