// Which execution reports were there, in which order, and from where does a replay start?
//
// The log is the journal; here are only the places of its reports. Reports are numbered from 1 in each epoch, without
// holes, so (epoch, seq) is found by arithmetic.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "tmw/codec.hpp"
#include "tmw/transport/fault.hpp"
#include "tmw/transport/journal.hpp"

namespace tmw {

/// Where a replay begins in the log, and whether nothing that was asked for is missing before it.
struct ReplayPoint {
  std::size_t position = 0;
  bool complete = false;
};

/// The frames of a message of the engine's own; a message that the bridge would refuse is a fault of this program.
template <class Message>
Frames sealed(const Message& message) {
  Result<Frames> frames = encode(message);
  if (!frames.ok())
    throw EngineFault("This engine made a bad " + std::string(Message::tag) + ": " + frames.fault().detail);
  return std::move(frames.value());
}

/// All reports of all epochs that the journal holds.
class ReportLog {
 public:
  explicit ReportLog(Journal& journal) : journal_(journal) {}

  std::int64_t epoch() const { return epoch_; }
  std::int64_t last_seq() const { return last_seq_; }
  std::size_t size() const { return offsets_.size(); }

  /// From now on reports belong to `epoch`.
  void begin(std::int64_t epoch) {
    if (epoch <= epoch_) throw EngineFault("Epoch " + std::to_string(epoch) + " does not follow the last one.");
    epoch_ = epoch;
    last_seq_ = 0;
    first_index_[epoch] = offsets_.size();
  }

  /// Takes in a report that the journal holds already.
  void restore(const ExecutionReport& report, std::uint64_t offset) {
    if (report.epoch != epoch_ || report.seq != last_seq_ + 1)
      throw EngineFault("The journal's reports do not follow one another at " + std::to_string(offset) + ".");
    last_seq_ = report.seq;
    offsets_.push_back(offset);
  }

  /// Journals the next report; its frames, to be sent after the commit.
  Frames append(const ExecutionReport& report) {
    Frames frames = sealed(report);
    restore(report, journal_.append(RecordKind::Report, report.transacted_at_us, report.epoch, frames.envelope,
                                    frames.payload));
    return frames;
  }

  /// The first report after (`epoch`, `after_seq`); epoch 0 = all. Not complete: that number is unknown here.
  ReplayPoint find(std::int64_t epoch, std::int64_t after_seq) const {
    if (epoch == 0) return {0, true};
    const auto later = first_index_.upper_bound(epoch);
    const std::size_t end = later == first_index_.end() ? offsets_.size() : later->second;
    const auto found = first_index_.find(epoch);
    if (found == first_index_.end()) return {end, false};
    const auto held = static_cast<std::int64_t>(end - found->second);
    if (after_seq > held) return {end, false};
    return {found->second + static_cast<std::size_t>(after_seq), true};
  }

  /// The frames of a committed report.
  Frames frames(std::size_t index) const { return journal_.frames_at(offsets_[index]); }

 private:
  Journal& journal_;
  std::vector<std::uint64_t> offsets_;
  std::map<std::int64_t, std::size_t> first_index_;  ///< epoch → index of its report number 1
  std::int64_t epoch_ = 0, last_seq_ = 0;
};

}  // namespace tmw
