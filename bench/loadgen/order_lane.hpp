// How does an order go over one connection, and which orders does that which comes back answer?
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct Answer {
    uint64_t number;  // of the order
    bool taken;
    std::string text;
};

class Lane {
public:
    virtual ~Lane() = default;

    // What is said before the first order.
    virtual std::string opening() = 0;

    virtual std::string order(uint64_t number, const std::string& body) = 0;

    // The answers in `received`, which what was understood is taken from; `reply` is to be said at once.
    // std::runtime_error for what is no answer.
    virtual std::vector<Answer> read(std::string& received, std::string& reply) = 0;

    // May orders be sent?
    virtual bool ready() const = 0;

    // Will the server say nothing more on this connection?
    virtual bool closes() const = 0;
};

// One order at a time: `POST path`, answered 201. `headers`: whole lines.
std::unique_ptr<Lane> rest_lane(const std::string& path, const std::string& authority, const std::string& headers);

// Many at a time: `order.place` on the WebSocket of the request target `target`.
std::unique_ptr<Lane> socket_lane(const std::string& target, const std::string& authority);
