#include "connection.hpp"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <system_error>

namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

char received[1 << 18];

constexpr int kLittle = 16 * 1024;

}  // namespace

void Connection::open(const Address& server, const std::string& target) {
    descriptor_ = socket(server.family, SOCK_STREAM, 0);
    if (descriptor_ < 0) fail("socket");
    // Whoever will stop reading takes little first: so the kernel's buffers are soon full, and the server's turn comes.
    if (following_.stalls) setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &kLittle, sizeof kLittle);
    if (connect(descriptor_, reinterpret_cast<const sockaddr*>(&server.socket_address), server.length)) fail("connect");
    const int on = 1;
    setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    send_raw(upgrade_request(target, server.authority, dialect_.subprotocol()));
    fcntl(descriptor_, F_SETFL, O_NONBLOCK);
}

bool Connection::on_readable(bool& drained) {
    const ssize_t length = recv(descriptor_, received, sizeof received, 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (length <= 0) return ended("the server closed the connection");
    drained = static_cast<size_t>(length) < sizeof received;
    const std::string_view bytes(received, static_cast<size_t>(length));
    if (shaken_ && pending_.empty()) return on_bytes(bytes);
    pending_.append(bytes);
    if (!shaken_) return on_handshake();
    const std::string whole = std::move(pending_);
    pending_.clear();
    return on_bytes(whole);
}

bool Connection::on_handshake() {
    const size_t end = pending_.find("\r\n\r\n");
    if (end == std::string::npos) return true;
    if (pending_.rfind("HTTP/1.1 101", 0) != 0) return ended("handshake refused: " + pending_.substr(0, 120));
    shaken_ = true;
    const std::string rest = pending_.substr(end + 4);
    pending_.clear();
    if (const std::string opening = dialect_.opening(symbols_); !opening.empty()) send(Opcode::Text, opening);
    return on_bytes(rest);
}

bool Connection::on_bytes(std::string_view bytes) {
    for (Frame frame{};;) {
        switch (next_frame(bytes, frame)) {
            case Parsed::Partial: pending_ = bytes; return true;
            case Parsed::Malformed: return ended("not a WebSocket frame");
            case Parsed::Whole:
                if (!on_frame(frame)) return false;
        }
    }
}

bool Connection::on_frame(const Frame& frame) {
    switch (frame.opcode) {
        case Opcode::Text: return on_text(frame.payload);
        case Opcode::Ping: send(Opcode::Pong, frame.payload); return true;
        case Opcode::Pong: return true;
        case Opcode::Close: {
            const std::string_view code = frame.payload.substr(0, 2);
            if (code.size() < 2) return ended("closed without a code");
            return ended("closed with " + std::to_string(static_cast<unsigned char>(code[0]) * 256 +
                                                         static_cast<unsigned char>(code[1])));
        }
        default: return ended("an unexpected opcode");
    }
}

bool Connection::on_text(std::string_view text) {
    using Kind = Reading::Kind;
    Reading reading = dialect_.read(text, symbols_);
    switch (reading.kind) {
        case Kind::Updates:
        case Kind::Snapshot: listener_.items(following_, reading, text.size()); break;
        case Kind::Subscribed: listener_.subscribed(); break;
        case Kind::Answer: send(Opcode::Text, reading.answer); break;
        case Kind::Refused: return ended("refused: " + std::string(text.substr(0, 200)));
        case Kind::Malformed: throw Unreadable(text);
        case Kind::Nothing: break;
    }
    return true;
}

bool Connection::ended(std::string why) {
    why_ = std::move(why);
    return false;
}

void Connection::send(Opcode opcode, std::string_view payload) { send_raw(client_frame(opcode, payload)); }

// A client of these benches says a few hundred bytes in its life: they always fit the socket's buffer.
void Connection::send_raw(std::string_view bytes) {
    if (::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) fail("send");
}
