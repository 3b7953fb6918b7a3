// How do bytes become WebSocket messages (RFC 6455, the client's side)?
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

enum class Opcode : uint8_t { Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };

struct Frame {
    Opcode opcode;
    std::string_view payload;
};

enum class Parsed { Whole, Partial, Malformed };

// The next frame of `bytes`, which it is taken from. A masked, fragmented or extended frame is malformed here: no
// server of these benches has a reason to send one.
Parsed next_frame(std::string_view& bytes, Frame& frame);

std::string client_frame(Opcode opcode, std::string_view payload);

std::string upgrade_request(const std::string& target, const std::string& authority, const std::string& subprotocol);
