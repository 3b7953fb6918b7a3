// What does the engine answer on its REP socket? Every question gets exactly one answer, however broken it is.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tmw/codec.hpp"
#include "tmw/transport/publisher.hpp"
#include "tmw/transport/venue.hpp"

namespace tmw {

/// How many messages broke which rule.
class FaultCounter {
 public:
  void count(Reason reason) { ++counts_[static_cast<std::size_t>(reason)]; }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts_) sum += count;
    return sum;
  }
  std::uint64_t operator[](Reason reason) const { return counts_[static_cast<std::size_t>(reason)]; }

 private:
  std::array<std::uint64_t, Words<Reason>::all.size()> counts_{};
};

/// What a sender is told of a message that could not be read.
inline RejectCode code_of(const Fault& fault) {
  return fault.reason == Reason::Version ? RejectCode::VersionMismatch : RejectCode::Malformed;
}
inline std::string text_of(const Fault& fault) {
  return (std::string(word(fault.reason)) + ": " + fault.detail).substr(0, 200);
}

class QueryDesk {
 public:
  QueryDesk(const Venue& venue, Publisher& publisher, std::int64_t epoch)
      : venue_(venue), publisher_(publisher), epoch_(epoch) {}

  const FaultCounter& faults() const { return faults_; }

  Frames answer(const FrameViews& frames) {
    const Result<Query> query = decode_query(frames);
    if (query.ok()) return std::visit([this](const auto& asked) { return answer_to(asked); }, query.value());
    faults_.count(query.fault().reason);
    return sealed(QueryReject{0, code_of(query.fault()), text_of(query.fault())});
  }

 private:
  Frames answer_to(const InstrumentListRequest& query) const {
    return sealed(InstrumentList{query.request_id, epoch_, venue_.instruments()});
  }

  Frames answer_to(const BookSnapshotRequest& query) {
    publisher_.flush();  // the snapshot is the state after the last number that was given
    const auto seq = publisher_.last_seq(query.shard);
    if (!seq) return sealed(QueryReject{query.request_id, RejectCode::UnknownInstrument, "There is no such shard."});
    BookSnapshot snapshot{query.request_id, epoch_, query.shard, *seq, {}};
    for (const Instrument& listing : venue_.instruments())
      if (listing.shard == query.shard) snapshot.instruments.push_back(venue_.snapshot(listing.instrument_id));
    return sealed(snapshot);
  }

  const Venue& venue_;
  Publisher& publisher_;
  std::int64_t epoch_;
  FaultCounter faults_;
};

}  // namespace tmw
