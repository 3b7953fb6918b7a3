#include "websocket.hpp"

Parsed next_frame(std::string_view& bytes, Frame& frame) {
    if (bytes.size() < 2) return Parsed::Partial;
    const auto at = [&](size_t index) { return static_cast<uint64_t>(static_cast<unsigned char>(bytes[index])); };
    constexpr uint64_t kFin = 0x80, kReserved = 0x70, kMasked = 0x80;
    if (!(at(0) & kFin) || (at(0) & kReserved) || (at(1) & kMasked)) return Parsed::Malformed;
    size_t header = 2;
    uint64_t length = at(1);
    if (length >= 126) {
        const size_t width = length == 126 ? 2 : 8;
        header += width;
        if (bytes.size() < header) return Parsed::Partial;
        length = 0;
        for (size_t index = 2; index < header; ++index) length = length << 8 | at(index);
    }
    if (bytes.size() - header < length) return Parsed::Partial;
    frame = {static_cast<Opcode>(at(0) & 0x0f), bytes.substr(header, length)};
    bytes.remove_prefix(header + length);
    return frame.opcode == Opcode::Continuation ? Parsed::Malformed : Parsed::Whole;
}

std::string client_frame(Opcode opcode, std::string_view payload) {
    std::string frame(1, static_cast<char>(0x80 | static_cast<int>(opcode)));
    if (payload.size() < 126) {
        frame += static_cast<char>(0x80 | payload.size());
    } else {
        frame += static_cast<char>(0x80 | 126);
        frame += static_cast<char>(payload.size() >> 8);
        frame += static_cast<char>(payload.size());
    }
    frame.append(4, '\0');  // the mask: zeros leave the payload as it is
    return frame.append(payload);
}

std::string upgrade_request(const std::string& target, const std::string& authority, const std::string& subprotocol) {
    return "GET " + target + " HTTP/1.1\r\nHost: " + authority +
           "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
           (subprotocol.empty() ? "" : "Sec-WebSocket-Protocol: " + subprotocol + "\r\n") + "\r\n";
}
