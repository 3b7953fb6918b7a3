// Does a numbered message follow the last one, or was something lost, repeated or restarted?
#pragma once

#include <cstdint>

namespace tmw {

enum class Verdict { Next, Duplicate, Gap, NewEpoch, OldEpoch };

/// The last number that was taken from one stream; (0, 0) = none yet, so that any first one is `NewEpoch`.
class SequenceTracker {
 public:
  std::uint64_t epoch() const { return epoch_; }
  std::uint64_t seq() const { return seq_; }

  /// How (epoch, seq) stands to what was taken; changes nothing.
  Verdict judge(std::uint64_t epoch, std::uint64_t seq) const {
    if (epoch != epoch_) return epoch > epoch_ ? Verdict::NewEpoch : Verdict::OldEpoch;
    if (seq == seq_ + 1) return Verdict::Next;
    return seq > seq_ ? Verdict::Gap : Verdict::Duplicate;
  }

  /// Takes (epoch, seq): the next of its epoch, or number 1 of a newer one. False = it is neither; nothing changes.
  bool advance(std::uint64_t epoch, std::uint64_t seq) {
    const Verdict verdict = judge(epoch, seq);
    if (verdict != Verdict::Next && !(verdict == Verdict::NewEpoch && seq == 1)) return false;
    reset(epoch, seq);
    return true;
  }

  /// Stands at (epoch, seq) whatever came before: after a snapshot or a finished replay.
  void reset(std::uint64_t epoch, std::uint64_t seq) {
    epoch_ = epoch;
    seq_ = seq;
  }

 private:
  std::uint64_t epoch_ = 0, seq_ = 0;
};

}  // namespace tmw
