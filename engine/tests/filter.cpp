// What does the kit make of these frames? Reads lines `decoder frame…` in hexadecimal (an empty frame is `-`); answers
// each with `ok envelope payload` as the kit writes what it has read, or with the reason why it refuses them. And what
// of these numbers of a stream? `sequence epoch seq…` is answered with the verdict on each pair, and `+` where it is
// taken.
#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "decoders.hpp"
#include "tmw/sequence.hpp"

using namespace tmw;

static std::string verdicts(std::istream& numbers) {
  static constexpr const char* names[] = {"next", "duplicate", "gap", "new_epoch", "old_epoch"};
  SequenceTracker stream;
  std::string said;
  std::uint64_t epoch = 0, seq = 0;
  while (numbers >> epoch >> seq) {
    said += names[static_cast<std::size_t>(stream.judge(epoch, seq))];
    said += stream.advance(epoch, seq) ? "+ " : " ";
  }
  return said;
}

static std::string answer(const std::string& line) {
  std::istringstream words(line);
  std::string decoder, hex;
  words >> decoder;
  if (decoder == "sequence") return verdicts(words);
  std::vector<std::string> frames;
  while (words >> hex) frames.push_back(hex == "-" ? "" : tests::of_hex(hex));
  const auto written = tests::read_and_write(decoder, FrameViews(frames.begin(), frames.end()));
  if (!written.ok()) return std::string(word(written.fault().reason));
  return "ok " + tests::to_hex(written.value().envelope) + ' ' + tests::to_hex(written.value().payload);
}

int main() {
  std::string line;
  while (std::getline(std::cin, line)) std::cout << answer(line) << std::endl;
}
