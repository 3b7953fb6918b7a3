// What would an engine author make of docs/engine-link.md? The structs come from there, the rest is written from its
// text. Reads lines "envelope payload" in hexadecimal; prints each row of a batch, or why the line is refused.
#include <cstdint>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "specification.h"

using Bytes = std::vector<unsigned char>;

static Bytes bytes(const std::string& hex) {
  Bytes made;
  for (std::size_t at = 0; at < hex.size(); at += 2) made.push_back(std::stoi(hex.substr(at, 2), nullptr, 16));
  return made;
}

static std::uint32_t crc32(const Bytes& data) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (unsigned char byte : data) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
  }
  return ~crc;
}

static void print(const Quote& q) {
  std::cout << q.instrument_id << ' ' << q.ts_us << ' ' << q.bid_e8 << ' ' << q.bid_size_e8 << ' ' << q.ask_e8 << ' '
            << q.ask_size_e8 << ' ' << q.last_e8 << ' ' << q.last_size_e8 << ' ' << q.volume_e8;
}
static void print(const Trade& t) {
  std::cout << t.instrument_id << ' ' << int(t.aggressor) << ' ' << t.trade_id << ' ' << t.ts_us << ' ' << t.price_e8
            << ' ' << t.size_e8;
}
static void print(const Depth& d) {
  std::cout << d.instrument_id << ' ' << int(d.side) << ' ' << d.last << ' ' << d.ts_us << ' ' << d.price_e8 << ' '
            << d.size_e8;
}

template <typename Row>
static void rows(const Bytes& payload) {
  std::uint32_t count;
  std::memcpy(&count, payload.data() + 20, sizeof count);
  for (std::uint32_t index = 0; index < count; ++index) {
    Row row;
    std::memcpy(&row, payload.data() + 24 + index * sizeof row, sizeof row);
    print(row);
    std::cout << ';';
  }
}

int main() {
  std::string first, second;
  while (std::cin >> first >> second) {
    Bytes header = bytes(first), payload = bytes(second);
    Envelope envelope;
    if (header.size() != sizeof envelope) return 1;
    std::memcpy(&envelope, header.data(), sizeof envelope);
    if (std::memcmp(envelope.magic, "TMW1", 4) || envelope.version != 1 || envelope.flags) return 2;
    if (envelope.length != payload.size() || envelope.crc32 != crc32(payload)) return 3;
    std::cout << int(envelope.kind) << ' ' << envelope.epoch << ' ' << envelope.seq << ':';
    if (envelope.kind == 2) rows<Quote>(payload);
    if (envelope.kind == 3) rows<Trade>(payload);
    if (envelope.kind == 4) rows<Depth>(payload);
    std::cout << '\n';
  }
}
