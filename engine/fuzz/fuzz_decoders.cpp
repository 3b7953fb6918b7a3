// Can any bytes make a decoder of the kit read where it must not, or take what it would not write and read again?
//
// The first byte chooses the decoder. Each payload is sealed, so that the checksum does not keep the fuzzer outside;
// and the bytes are tried as frames of their own.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>

#include "decoders.hpp"

using namespace tmw;

static Kind kind_for(std::string_view decoder) {
  if (decoder == "quotes") return Kind::Quotes;
  if (decoder == "trades") return Kind::Trades;
  return decoder == "depth" ? Kind::Depth : Kind::Message;
}

/// What was read is written, and that is read as the same again.
static void must_be_stable(std::string_view decoder, const FrameViews& frames) {
  const auto once = tests::read_and_write(decoder, frames);
  if (!once.ok()) return;
  const auto twice = tests::read_and_write(decoder, {once.value().envelope, once.value().payload});
  if (!twice.ok() || twice.value().payload != once.value().payload) std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(data + 1, data + size);
  const std::string_view decoder = tests::decoders[data[0] % std::size(tests::decoders)];
  must_be_stable(decoder, {std::string_view(bytes).substr(0, 32),
                           std::string_view(bytes).substr(std::min<std::size_t>(32, bytes.size()))});
  for (const std::uint64_t epoch : {0, 12}) {
    const auto sealed = seal(kind_for(decoder), bytes, epoch);
    if (sealed.ok()) must_be_stable(decoder, {sealed.value().envelope, sealed.value().payload});
  }
  return 0;
}
