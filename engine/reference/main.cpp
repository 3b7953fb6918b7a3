// The reference engine: `manage.py up --engine cpp` builds and runs it. Addresses and directories come from TMW_*.
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>

#include "demo_market.hpp"
#include "exchange.hpp"
#include "synthetic_market.hpp"
#include "tmw/transport/engine.hpp"
#include "tmw/transport/settings.hpp"
#include "tmw/transport/stopping.hpp"

#ifndef TMW_DAILY_BARS
#define TMW_DAILY_BARS "bridge/simulator/data/daily_bars.csv"
#endif

namespace {

constexpr const char* usage =
    "reference_engine [--seed N] [--symbols N] [--rate R] [--speed X] [--hold-file PATH] [--forget]";

/// What stands on the command line.
struct Options {
  std::int64_t seed = 1;
  std::uint32_t symbols = 0;  ///< 0 = the demo market
  double rate = 1'000, speed = 1;
  std::filesystem::path hold_file;
  bool forget = false;
};

/// A number of the command line within its bounds; `std::invalid_argument` otherwise.
double number(const std::string& flag, const std::string& text, double least, double most) {
  std::size_t read = 0;
  const double value = std::stod(text, &read);
  if (read != text.size() || !(least <= value && value <= most)) throw std::invalid_argument(flag + " " + text);
  return value;
}

Options options_of(int count, char** words) {
  Options options;
  for (int at = 1; at < count; ++at) {
    const std::string flag = words[at];
    if (flag == "--forget") {
      options.forget = true;
      continue;
    }
    if (++at == count) throw std::invalid_argument(flag);
    const std::string value = words[at];
    if (flag == "--seed")
      options.seed = std::stoll(value);
    else if (flag == "--symbols")
      options.symbols = static_cast<std::uint32_t>(number(flag, value, 1, 5'000));
    else if (flag == "--rate")
      options.rate = number(flag, value, 1, 1'000'000);
    else if (flag == "--speed")
      options.speed = number(flag, value, 0.001, 10'000);
    else if (flag == "--hold-file")
      options.hold_file = value;
    else
      throw std::invalid_argument(flag);
  }
  return options;
}

std::unique_ptr<reference::Market> market_of(const Options& options) {
  if (options.symbols > 0)
    return std::make_unique<reference::SyntheticMarket>(options.seed, options.symbols, options.rate);
  const std::string bars = tmw::detail::setting("TMW_DAILY_BARS", TMW_DAILY_BARS);
  return std::make_unique<reference::DemoMarket>(options.seed, reference::read_daily_bars(bars));
}

int run(const Options& options) {
  const std::atomic<bool>& stop = tmw::stop_asked();
  tmw::EngineSettings settings = tmw::settings_from_environment();
  settings.forget = options.forget;
  reference::Exchange exchange(market_of(options), options.speed, options.hold_file);
  tmw::Engine(exchange, settings).run(stop);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  try {
    return run(options_of(count, words));
  } catch (const std::logic_error& error) {
    std::cerr << "Not understood: " << error.what() << '\n' << usage << '\n';
    return 2;
  } catch (const std::exception& error) {
    tmw::log(tmw::Severity::Error, std::string("The engine cannot run: ") + error.what());
    return 1;
  }
}
