#include "order_lane.hpp"

#include <strings.h>

#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "websocket.hpp"

namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";

// The value of a header field, "" where it is absent.
std::string_view field(std::string_view head, std::string_view name) {
    for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
        const std::string_view line = head.substr(at + 2);
        if (line.size() <= name.size() || line[name.size()] != ':') continue;
        if (strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
        const size_t begin = line.find_first_not_of(" \t", name.size() + 1);
        return begin == std::string_view::npos ? "" : line.substr(begin, line.find("\r\n", begin) - begin);
    }
    return "";
}

[[noreturn]] void not_an_answer(std::string_view text) {
    throw std::runtime_error("not an answer: " + std::string(text.substr(0, 300)));
}

class RestLane : public Lane {
public:
    RestLane(std::string path, std::string authority, std::string headers)
        : path_(std::move(path)), authority_(std::move(authority)), headers_(std::move(headers)) {}

    std::string opening() override { return ""; }

    std::string order(uint64_t number, const std::string& body) override {
        number_ = number;
        return "POST " + path_ + " HTTP/1.1\r\nHost: " + authority_ + "\r\nContent-Type: application/json\r\n" + headers_ +
               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }

    std::vector<Answer> read(std::string& received, std::string&) override {
        const std::string_view bytes = received;
        const size_t end = bytes.find(kHeadEnd);
        if (end == std::string_view::npos) return {};
        const std::string_view head = bytes.substr(0, end), body = bytes.substr(end + kHeadEnd.size());
        if (head.size() < 12 || head.substr(0, 9) != "HTTP/1.1 ") not_an_answer(bytes);
        const std::string_view length = field(head, "content-length");
        if (length.empty()) not_an_answer(bytes);  // all servers of these benches say how long they are
        const size_t wanted = std::strtoul(length.data(), nullptr, 10);
        if (body.size() < wanted) return {};
        const std::string status(head.substr(9, 3));
        closes_ = strncasecmp(field(head, "connection").data(), "close", 5) == 0;
        Answer answer{number_, status == "201", status + ": " + std::string(body.substr(0, wanted))};
        received.clear();
        return {std::move(answer)};
    }

    bool ready() const override { return true; }
    bool closes() const override { return closes_; }

private:
    const std::string path_, authority_, headers_;
    uint64_t number_ = 0;
    bool closes_ = false;
};

class SocketLane : public Lane {
public:
    SocketLane(std::string target, std::string authority) : target_(std::move(target)), authority_(std::move(authority)) {}

    std::string opening() override { return upgrade_request(target_, authority_, "tmw.json.v1"); }

    std::string order(uint64_t number, const std::string& body) override {
        return client_frame(Opcode::Text,
                            R"({"id":)" + std::to_string(number) + R"(,"method":"order.place","params":)" + body + "}");
    }

    std::vector<Answer> read(std::string& received, std::string& reply) override {
        if (!ready_ && !shaken(received)) return {};
        std::vector<Answer> answers;
        std::string_view bytes = received;
        for (Frame frame{};;) {
            const Parsed parsed = next_frame(bytes, frame);
            if (parsed == Parsed::Malformed) not_an_answer(bytes);
            if (parsed == Parsed::Partial) break;
            if (frame.opcode == Opcode::Close) throw std::runtime_error("the server closed a socket");
            if (frame.opcode == Opcode::Ping) reply += client_frame(Opcode::Pong, frame.payload);
            if (frame.opcode == Opcode::Text) take(frame.payload, answers);
        }
        received.erase(0, received.size() - bytes.size());
        return answers;
    }

    bool ready() const override { return ready_; }
    bool closes() const override { return false; }

private:
    bool shaken(std::string& received) {
        const size_t end = received.find(kHeadEnd);
        if (end == std::string::npos) return false;
        if (received.rfind("HTTP/1.1 101", 0) != 0) not_an_answer(received);
        received.erase(0, end + kHeadEnd.size());
        return ready_ = true;
    }

    // `{"id":7,"status":"ok",…`; pushes have no id and are no answers.
    static void take(std::string_view text, std::vector<Answer>& answers) {
        constexpr std::string_view kId = R"({"id":)", kTaken = R"(,"status":"ok")";
        if (text.substr(0, kId.size()) != kId) return;
        char* end = nullptr;
        const uint64_t number = std::strtoull(text.data() + kId.size(), &end, 10);
        const std::string_view rest = text.substr(end - text.data());
        answers.push_back({number, rest.substr(0, kTaken.size()) == kTaken, std::string(text)});
    }

    const std::string target_, authority_;
    bool ready_ = false;
};

}  // namespace

std::unique_ptr<Lane> rest_lane(const std::string& path, const std::string& authority, const std::string& headers) {
    return std::make_unique<RestLane>(path, authority, headers);
}

std::unique_ptr<Lane> socket_lane(const std::string& target, const std::string& authority) {
    return std::make_unique<SocketLane>(target, authority);
}
