// What does the kit make of these frames? Reads lines `decoder frame…` in hexadecimal (an empty frame is `-`); answers
// each with `ok envelope payload` as the kit writes what it has read, or with the reason why it refuses them.
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "decoders.hpp"

using namespace tmw;

static std::string answer(const std::string& line) {
  std::istringstream words(line);
  std::string decoder, hex;
  words >> decoder;
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
