// How do the servers of these benches speak? What to send when, and where in a message the items lie.
#pragma once

#include <memory>
#include <string>
#include <string_view>

// What a text message turned out to be.
struct Reading {
    enum class Kind { Updates, Snapshot, Subscribed, Answer, Nothing, Refused, Malformed } kind;
    std::string_view items = {};  // of Updates and Snapshot: `{…},{…}`
    std::string answer = {};      // of Answer: the text to send back
};

class Dialect {
public:
    virtual ~Dialect() = default;
    virtual std::string subprotocol() const { return ""; }
    // What the client says first, "" where the server does; `symbols`: `["A","B"]`.
    virtual std::string opening(const std::string& symbols) const = 0;
    virtual Reading read(std::string_view text, const std::string& symbols) const = 0;
};

// "tmw" (quotes), "tmw-book", "plain" or "engineio"; BadArgument for anything else.
std::unique_ptr<Dialect> dialect_named(const std::string& name);
