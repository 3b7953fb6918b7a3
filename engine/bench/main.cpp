// How fast is the kit? Ticks published in batches, and orders answered by the reference engine, over CURVE on loopback.
//
//     bench [--json FILE] [--directory DIRECTORY]…
//
// Orders are measured once per directory for the journal: what a disk takes to sync is part of every answer.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "../reference/exchange.hpp"
#include "../reference/synthetic_market.hpp"
#include "tmw/sequence.hpp"
#include "tmw/transport/engine.hpp"

namespace {

using Seconds = std::chrono::duration<double>;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr std::size_t batch_rows = 1'000;
constexpr double tick_seconds = 3;
constexpr int warm_up_orders = 200, orders = 3'000;

struct Row {
  std::string what;
  double value;
  std::string unit, limit;
};

/// A directory of its own with fresh keys, gone with the object.
class Room {
 public:
  explicit Room(const fs::path& under) : path(under / ("tmw-bench-" + std::to_string(tmw::wall_clock_us()))) {
    fs::create_directories(path / "keys");
    for (const char* role : {"engine", "order-bridge", "feed-bridge"}) {
      std::array<char, 41> open{}, secret{};
      zmq_curve_keypair(open.data(), secret.data());
      std::ofstream(path / "keys" / (std::string(role) + ".public")) << open.data();
      std::ofstream(path / "keys" / (std::string(role) + ".secret")) << secret.data();
    }
  }
  ~Room() {
    std::error_code none;
    fs::remove_all(path, none);
  }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  tmw::KeyRing keys() const { return tmw::KeyRing(path / "keys"); }
  const fs::path path;
};

std::string bound_address(zmq::socket_t& socket) { return socket.get(zmq::sockopt::last_endpoint); }

/// Seconds that this thread has worked; 0 where the system does not tell. What counts where others work beside it.
double worked_seconds() {
#ifdef CLOCK_THREAD_CPUTIME_ID
  timespec worked{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &worked);
  return static_cast<double>(worked.tv_sec) + static_cast<double>(worked.tv_nsec) * 1e-9;
#else
  return 0;
#endif
}

// --- ticks ------------------------------------------------------------------------------------------------------

/// Counts rows and holes until told to end; everything of ZeroMQ in its own thread.
struct Subscriber {
  std::atomic<bool> ready{false}, end{false};
  std::uint64_t rows = 0, holes = 0;

  void run(const tmw::KeyRing& keys, const std::string& address) {
    zmq::context_t context;
    zmq::socket_t socket(context, zmq::socket_type::sub);
    tmw::configure(socket, tmw::market_data_hwm);
    keys.connect(socket, "feed-bridge");
    socket.set(zmq::sockopt::subscribe, "");
    socket.set(zmq::sockopt::rcvtimeo, 20);
    socket.connect(address);
    tmw::SequenceTracker stream;
    std::array<zmq::message_t, 3> parts;
    while (!end)
      if (receive(socket, parts)) count(parts, stream);
  }

 private:
  static bool receive(zmq::socket_t& socket, std::array<zmq::message_t, 3>& parts) {
    for (zmq::message_t& part : parts)
      if (!socket.recv(part)) return false;
    return true;
  }

  void count(const std::array<zmq::message_t, 3>& parts, tmw::SequenceTracker& stream) {
    const auto view = [](const zmq::message_t& part) { return std::string_view(part.data<char>(), part.size()); };
    const auto envelope = tmw::check(view(parts[1]), view(parts[2]));
    ready = true;
    if (!envelope.ok() || envelope.value().kind != tmw::Kind::Quotes) return;
    if (stream.judge(1, envelope.value().seq) == tmw::Verdict::Gap) ++holes;
    stream.reset(1, envelope.value().seq);
    rows += (parts[2].size() - tmw::detail::batch_head_bytes) / tmw::Quote::row_bytes;
  }
};

void publish_batch(tmw::Publisher& publisher) {
  tmw::Quote quote{1, tmw::wall_clock_us(), 100, 100, 101, 100, 100, 1, 1};
  for (std::size_t row = 0; row < batch_rows; ++row) {
    quote.bid_size_e8 = static_cast<std::int64_t>(row + 1);
    publisher.quote(quote);
  }
  publisher.flush();
}

void measure_ticks(std::vector<Row>& table) {
  const Room room(fs::temp_directory_path());
  const tmw::KeyRing keys = room.keys();
  tmw::EngineSockets sockets(keys);
  sockets.bind({"tcp://127.0.0.1:*", "tcp://127.0.0.1:*", "tcp://127.0.0.1:*", "tcp://127.0.0.1:*"});
  const std::vector<tmw::Instrument> table_of_one{{1, "ONE", "XNAS", "0", "", "USD", 1, 1, 0}};
  tmw::Publisher publisher(sockets.market_data, 1, table_of_one);
  Subscriber subscriber;
  std::thread reader([&, address = bound_address(sockets.market_data)] { subscriber.run(keys, address); });
  while (!subscriber.ready) {
    publisher.heartbeat(tmw::wall_clock_us(), tmw::EngineState::Open);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::uint64_t published = 0;
  const double worked_before = worked_seconds();
  const auto began = Clock::now();
  while (Seconds(Clock::now() - began).count() < tick_seconds) {
    publish_batch(publisher);
    published += batch_rows;
  }
  const double seconds = Seconds(Clock::now() - began).count(), worked = worked_seconds() - worked_before;
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  subscriber.end = true;
  reader.join();
  table.push_back({"ticks published", static_cast<double>(published) / seconds, "1/s", ">= 500000"});
  if (worked > 0)
    table.push_back(
        {"ticks published in a second of the thread's own", static_cast<double>(published) / worked, "1/s", ""});
  table.push_back({"ticks received by one subscriber", static_cast<double>(subscriber.rows) / seconds, "1/s", ""});
  table.push_back({"holes that the subscriber saw", static_cast<double>(subscriber.holes), "", ""});
}

// --- orders -----------------------------------------------------------------------------------------------------

/// An order bridge that asks one thing at a time.
class Bridge {
 public:
  Bridge(const tmw::KeyRing& keys, const std::string& address) : socket_(context_, zmq::socket_type::dealer) {
    tmw::configure(socket_, tmw::commands_hwm);
    keys.connect(socket_, "order-bridge");
    socket_.set(zmq::sockopt::sndtimeo, 5'000);
    socket_.set(zmq::sockopt::rcvtimeo, 5'000);
    socket_.connect(address);
    say(tmw::Hello{1, 1, 0, 0, 0});
    hear<tmw::Welcome>();
  }

  tmw::CommandReply place(int number) {
    tmw::NewOrder order;
    order.session = 1;
    order.command_seq = number;
    order.deadline_us = tmw::wall_clock_us() + 60'000'000;
    for (std::size_t byte = 0; byte < 4; ++byte)
      order.order_id.bytes[byte] = static_cast<std::uint8_t>(number >> (8 * byte));
    order.account = "bench";
    order.client_order_id = "order-" + std::to_string(number);
    order.instrument_id = static_cast<std::uint32_t>(number % 10 + 1);
    order.side = number % 2 == 0 ? tmw::Side::Buy : tmw::Side::Sell;
    order.order_type = number % 4 < 2 ? tmw::OrderType::Market : tmw::OrderType::Limit;
    order.quantity_e8 = reference::one_e8;
    if (order.order_type == tmw::OrderType::Limit)
      order.price_e8 = (number % 2 == 0 ? 1'000 + number % 50 : 90'000 + number % 50) * reference::cent_e8;
    say(order);
    return hear<tmw::CommandReply>();
  }

 private:
  template <class Message>
  void say(const Message& message) {
    const tmw::Frames frames = tmw::sealed(message);
    socket_.send(zmq::buffer(frames.envelope), zmq::send_flags::sndmore);
    socket_.send(zmq::buffer(frames.payload), zmq::send_flags::none);
  }

  template <class Message>
  Message hear() {
    for (zmq::message_t envelope, payload;;) {
      if (!socket_.recv(envelope) || !socket_.recv(payload)) throw tmw::EngineFault("The engine does not answer.");
      auto said =
          tmw::decode_from_engine({{envelope.data<char>(), envelope.size()}, {payload.data<char>(), payload.size()}});
      if (!said.ok()) throw tmw::EngineFault("The engine cannot be understood.");
      if (auto* message = std::get_if<Message>(&said.value())) return std::move(*message);
    }
  }

  zmq::context_t context_;
  zmq::socket_t socket_;
};

double percentile(std::vector<std::int64_t>& figures, double share) {
  std::sort(figures.begin(), figures.end());
  return static_cast<double>(figures[static_cast<std::size_t>(share * static_cast<double>(figures.size() - 1))]);
}

struct Times {
  std::vector<std::int64_t> engine_us, round_trip_us;
};

Times ask(const tmw::KeyRing& keys, const std::string& address) {
  Bridge bridge(keys, address);
  Times times;
  for (int number = 1; number <= warm_up_orders + orders; ++number) {
    const auto began = Clock::now();
    const tmw::CommandReply reply = bridge.place(number);
    const auto round_trip = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began).count();
    if (reply.outcome != tmw::ReplyOutcome::Accepted) throw tmw::EngineFault("An order was refused: " + reply.reason);
    if (number <= warm_up_orders) continue;
    times.engine_us.push_back(reply.sent_at_us - reply.received_at_us);
    times.round_trip_us.push_back(round_trip);
  }
  return times;
}

void measure_orders(std::vector<Row>& table, const fs::path& directory) {
  const Room room(directory);
  const std::string address = "tcp://127.0.0.1:" + std::to_string(20'000 + tmw::wall_clock_us() % 10'000);
  const tmw::EngineSettings settings{{"tcp://127.0.0.1:*", address, "tcp://127.0.0.1:*", "tcp://127.0.0.1:*"},
                                     room.path / "engine",
                                     room.path / "keys"};
  std::atomic<bool> stop{false};
  std::thread engine([&] {
    reference::Exchange exchange(std::make_unique<reference::SyntheticMarket>(1, 10, 1'000), 1, "");
    tmw::Engine(exchange, settings).run(stop);
  });
  Times times = ask(room.keys(), address);
  stop = true;
  engine.join();
  const std::string where = ", journal in " + directory.string();
  table.push_back({"order answered, engine-side, p50" + where, percentile(times.engine_us, 0.5), "us", ""});
  table.push_back({"order answered, engine-side, p99" + where, percentile(times.engine_us, 0.99), "us", "<= 100"});
  table.push_back({"order answered, round trip, p50" + where, percentile(times.round_trip_us, 0.5), "us", ""});
  table.push_back({"order answered, round trip, p99" + where, percentile(times.round_trip_us, 0.99), "us", ""});
}

void show(const std::vector<Row>& table) {
  for (const Row& row : table)
    std::printf("%-64s %12.0f %-4s %s\n", row.what.c_str(), row.value, row.unit.c_str(), row.limit.c_str());
}

void write_json(const std::vector<Row>& table, const std::string& path) {
  std::ofstream file(path);
  file << "[";
  for (std::size_t at = 0; at < table.size(); ++at)
    file << (at > 0 ? ",\n " : "") << "{\"what\": \"" << table[at].what << "\", \"value\": " << table[at].value
         << ", \"unit\": \"" << table[at].unit << "\", \"limit\": \"" << table[at].limit << "\"}";
  file << "]\n";
}

}  // namespace

int main(int count, char** words) {
  std::string json;
  std::vector<fs::path> directories;
  for (int at = 1; at + 1 < count; at += 2) {
    if (std::string(words[at]) == "--json") json = words[at + 1];
    if (std::string(words[at]) == "--directory") directories.emplace_back(words[at + 1]);
  }
  if (directories.empty()) directories.push_back(fs::temp_directory_path());
  try {
    std::vector<Row> table;
    measure_ticks(table);
    for (const fs::path& directory : directories) measure_orders(table, directory);
    show(table);
    if (!json.empty()) write_json(table, json);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "The bench cannot run: %s\n", error.what());
    return 1;
  }
}
