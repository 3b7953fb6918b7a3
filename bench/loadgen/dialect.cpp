#include "dialect.hpp"

#include "arguments.hpp"

namespace {

using Kind = Reading::Kind;

bool begins(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

// What lies between `head` and `tail`.
Reading between(Kind kind, std::string_view text, std::string_view head, std::string_view tail) {
    if (text.size() < head.size() + tail.size() || text.substr(text.size() - tail.size()) != tail) return {Kind::Malformed};
    return {kind, text.substr(head.size(), text.size() - head.size() - tail.size())};
}

// This project's `tmw.json.v1`, one channel of it.
class Tmw : public Dialect {
public:
    explicit Tmw(const std::string& channel)
        : update_(R"({"channel":")" + channel + R"(","type":"update","data":[)"),
          snapshot_(R"({"channel":")" + channel + R"(","type":"snapshot","data":[)"),
          subscribe_(R"({"id":1,"method":"subscribe","params":{"channel":")" + channel + R"(","symbols":)") {}

private:
    std::string subprotocol() const override { return "tmw.json.v1"; }

    std::string opening(const std::string& symbols) const override {
        return subscribe_ + symbols + "}}";
    }

    Reading read(std::string_view text, const std::string&) const override {
        if (begins(text, update_)) return between(Kind::Updates, text, update_, "]}");
        if (begins(text, snapshot_)) return between(Kind::Snapshot, text, snapshot_, "]}");
        if (begins(text, R"({"id":1,"status":"ok")")) return {all_ok(text) ? Kind::Subscribed : Kind::Refused};
        if (begins(text, R"({"id":1,)")) return {Kind::Refused};
        return {begins(text, R"({"channel":")") ? Kind::Nothing : Kind::Malformed};
    }

    static bool all_ok(std::string_view text) { return text.find(R"("status":"error")") == std::string_view::npos; }

    const std::string update_, snapshot_, subscribe_;
};

// Plain WebSocket peers: one item a message, or a list of them.
class Plain : public Dialect {
    std::string opening(const std::string& symbols) const override { return R"({"subscribe":)" + symbols + "}"; }

    Reading read(std::string_view text, const std::string&) const override {
        if (begins(text, R"({"symbol":)")) return {Kind::Updates, text};
        if (begins(text, "[")) return between(Kind::Updates, text, "[", "]");
        return {begins(text, R"({"subscribed":)") ? Kind::Subscribed : Kind::Malformed};
    }
};

// socket.io 4 over Engine.IO 4, WebSocket transport only: open, connect, subscribe with an acknowledgement.
class EngineIo : public Dialect {
    std::string opening(const std::string&) const override { return ""; }

    Reading read(std::string_view text, const std::string& symbols) const override {
        constexpr std::string_view quote = R"(42["quote",)";
        if (begins(text, quote)) return between(Kind::Updates, text, quote, "]");
        if (text == "2") return {Kind::Answer, {}, "3"};
        if (begins(text, "0{")) return {Kind::Answer, {}, "40"};
        if (begins(text, "40")) return {Kind::Answer, {}, R"(420["subscribe",)" + symbols + "]"};
        if (begins(text, "430")) return {Kind::Subscribed};
        return {begins(text, "44") ? Kind::Refused : Kind::Malformed};
    }
};

}  // namespace

std::unique_ptr<Dialect> dialect_named(const std::string& name) {
    if (name == "tmw") return std::make_unique<Tmw>("quotes");
    if (name == "tmw-book") return std::make_unique<Tmw>("book");
    if (name == "plain") return std::make_unique<Plain>();
    if (name == "engineio") return std::make_unique<EngineIo>();
    throw BadArgument("--dialect must be tmw, tmw-book, plain or engineio");
}
