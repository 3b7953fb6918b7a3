// How does market data leave: in which batches, under which numbers?
//
// What a pass shows is collected per topic and leaves at its end as one message per kind, numbered from 1 in each
// (epoch, topic). PUB drops for a subscriber that is slow: the numbers, and the last one in each heartbeat, tell it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tmw/codec.hpp"
#include "tmw/market.hpp"
#include "tmw/transport/minute_bars.hpp"
#include "tmw/transport/sockets.hpp"

namespace tmw {

class Publisher {
 public:
  Publisher(zmq::socket_t& socket, std::int64_t epoch, const std::vector<Instrument>& instruments)
      : bars(epoch), socket_(socket), epoch_(epoch) {
    for (const Instrument& listing : instruments) {
      Topic& topic = topics_[listing.shard];
      topic.name = "md." + listing.shard;
      listed_[listing.instrument_id] = {&topic, listing.symbol};
    }
  }

  void quote(const Quote& row) { topic_of(row.instrument_id).quotes.push_back(row); }
  void depth(const Depth& row) { topic_of(row.instrument_id).depth.push_back(row); }
  void trade(const Trade& row) {
    topic_of(row.instrument_id).trades.push_back(row);
    bars.trade(row, listed_.at(row.instrument_id).symbol);
  }

  /// Sends what was collected.
  void flush() {
    for (auto& [shard, topic] : topics_) {
      send_rows(topic, topic.depth);
      send_rows(topic, topic.trades);
      send_rows(topic, topic.quotes);
    }
  }

  /// The last number of the shard's topic; nothing = there is no such shard.
  std::optional<std::int64_t> last_seq(const std::string& shard) const {
    const auto found = topics_.find(shard);
    if (found == topics_.end()) return std::nullopt;
    return static_cast<std::int64_t>(found->second.seq);
  }

  /// Each topic's last number, and the engine's state.
  void heartbeat(std::int64_t now_us, EngineState state) {
    for (const auto& [shard, topic] : topics_)
      if (auto beat = encode_numbered(TopicHeartbeat{now_us}, epoch(), topic.seq); beat.ok())
        send(socket_, {topic.name, beat.value().envelope, beat.value().payload});
    const Frames status = sealed(EngineStatus{epoch_, state, now_us});
    send(socket_, {"status", status.envelope, status.payload});
  }

  MinuteBars bars;

 private:
  struct Topic {
    std::string name;
    std::uint64_t seq = 0;
    std::vector<Quote> quotes;
    std::vector<Trade> trades;
    std::vector<Depth> depth;
  };
  struct Listed {
    Topic* topic = nullptr;
    std::string symbol;
  };
  static constexpr std::size_t most_rows = 8'192;  ///< a message stays below a megabyte

  std::uint64_t epoch() const { return static_cast<std::uint64_t>(epoch_); }

  /// `std::out_of_range` for an instrument that is not in the table: a fault of the venue.
  Topic& topic_of(std::uint32_t instrument_id) { return *listed_.at(instrument_id).topic; }

  template <class Row>
  void send_rows(Topic& topic, std::vector<Row>& rows) {
    if (rows.size() <= most_rows) {
      if (!rows.empty()) send_batch(topic, rows);
    } else {
      for (std::size_t at = 0; at < rows.size(); at += most_rows)
        send_batch(topic,
                   std::vector<Row>(rows.begin() + static_cast<std::ptrdiff_t>(at),
                                    rows.begin() + static_cast<std::ptrdiff_t>(std::min(at + most_rows, rows.size()))));
    }
    rows.clear();
  }

  template <class Row>
  void send_batch(Topic& topic, const std::vector<Row>& rows) {
    const Result<Frames> frames = encode_batch(rows, epoch(), topic.seq + 1);
    if (!frames.ok()) throw EngineFault("The venue showed a bad row: " + frames.fault().detail);
    ++topic.seq;
    send(socket_, {topic.name, frames.value().envelope, frames.value().payload});
  }

  zmq::socket_t& socket_;
  std::int64_t epoch_;
  std::map<std::string, Topic> topics_;
  std::unordered_map<std::uint32_t, Listed> listed_;
};

}  // namespace tmw
