// What did this engine receive and report, in an order that survives any crash?
//
// An append-only file of records, each under its own CRC32, in the format of the middleware's own engine. The records
// of one pass (commands as they came, the reports they caused) end with a COMMIT record and reach the disk in one write
// and one sync, before any answer leaves. What follows the last COMMIT was never answered: the next start cuts it off.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tmw/envelope.hpp"
#include "tmw/transport/disk.hpp"
#include "tmw/transport/fault.hpp"
#include "tmw/transport/log.hpp"

namespace tmw {

enum class RecordKind : std::uint8_t {
  Start = 1,    ///< the engine started; `session` is its epoch
  Session = 2,  ///< a bridge became the newest session
  Command = 3,  ///< a command as it was received, before de-duplication
  Report = 4,   ///< an execution report as it is sent
  Trigger = 5,  ///< a stop order was triggered; the payload is its external order id
  Commit = 6,   ///< everything before this is durable
  Entry = 7,    ///< an order that no bridge sent, as the command that would have
};

/// `frames` are envelope and payload of a message for commands, reports and entries.
struct Record {
  RecordKind kind{};
  std::int64_t at_us = 0, session = 0;
  Frames frames;
  std::uint64_t offset = 0;  ///< of its head in the file
};

namespace detail {

inline constexpr std::string_view journal_magic{"TMWJ\x01\0\0\0", 8};
inline constexpr std::size_t head_bytes = 8, stamp_bytes = 19, max_record_bytes = 8 * 1024 * 1024;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// `count` bytes from the file's position on; nothing = there are not so many.
inline std::optional<std::string> read_bytes(std::FILE* file, std::size_t count) {
  std::string bytes(count, '\0');
  if (std::fread(bytes.data(), 1, count, file) != count) return std::nullopt;
  return bytes;
}

inline std::string record_bytes(RecordKind kind, std::int64_t at_us, std::int64_t session, std::string_view first,
                                std::string_view second) {
  std::string record(head_bytes + stamp_bytes, '\0');
  char* stamp = &record[head_bytes];
  store_little(stamp, static_cast<std::uint8_t>(kind));
  store_little(stamp + 1, at_us);
  store_little(stamp + 9, session);
  store_little(stamp + 17, static_cast<std::uint16_t>(first.size()));
  record.append(first).append(second);
  store_little(&record[0], static_cast<std::uint32_t>(record.size() - head_bytes));
  store_little(&record[4], crc32(std::string_view(record).substr(head_bytes)));
  return record;
}

/// The whole, true record at the file's position; nothing = there is none.
inline std::optional<Record> next_record(std::FILE* file, std::uint64_t offset) {
  const auto head = read_bytes(file, head_bytes);
  if (!head) return std::nullopt;
  const std::size_t length = load_little<std::uint32_t>(*head, 0);
  if (length < stamp_bytes || length > max_record_bytes) return std::nullopt;
  const auto data = read_bytes(file, length);
  if (!data || crc32(*data) != load_little<std::uint32_t>(*head, 4)) return std::nullopt;
  const std::size_t first = load_little<std::uint16_t>(*data, 17);
  const std::size_t split = stamp_bytes + std::min(first, length - stamp_bytes);
  return Record{static_cast<RecordKind>(load_little<std::uint8_t>(*data, 0)),
                load_little<std::int64_t>(*data, 1),
                load_little<std::int64_t>(*data, 9),
                {data->substr(stamp_bytes, split - stamp_bytes), data->substr(split)},
                offset};
}

inline std::uint64_t record_size(const Record& record) {
  return head_bytes + stamp_bytes + record.frames.envelope.size() + record.frames.payload.size();
}

}  // namespace detail

/// Exactly one engine holds it. Any fault of the disk is an `EngineFault`: an engine that cannot write must not answer.
class Journal {
 public:
  explicit Journal(const std::filesystem::path& directory) : path_(directory / "journal") {
    std::filesystem::create_directories(directory);
    if (!exists(directory)) write_magic();
    end_ = cut();
    file_.reset(open_file(path_, "r+b"));
    reader_.reset(open_file(path_, "rb"));
    if (!file_ || !reader_ || !seek(file_.get(), end_) || !sync_directory(directory)) fail("opened");
  }

  /// Did an engine ever write in `directory`?
  static bool exists(const std::filesystem::path& directory) {
    std::error_code none;
    const auto size = std::filesystem::file_size(directory / "journal", none);
    return !none && size >= detail::journal_magic.size();
  }

  /// Gives every durable record to `visit`, in order.
  void each(const std::function<void(const Record&)>& visit) const {
    const detail::File file = opened();
    std::uint64_t offset = detail::journal_magic.size();
    while (const auto record = detail::next_record(file.get(), offset)) {
      if (record->kind != RecordKind::Commit) visit(*record);
      offset += detail::record_size(*record);
    }
  }

  /// Takes a record in; its offset. It is on the disk after the next `commit`.
  std::uint64_t append(RecordKind kind, std::int64_t at_us, std::int64_t session = 0, std::string_view first = {},
                       std::string_view second = {}) {
    const std::uint64_t offset = end_;
    const std::string record = detail::record_bytes(kind, at_us, session, first, second);
    buffer_ += record;
    end_ += record.size();
    return offset;
  }

  /// Makes durable what was appended since the last time; does nothing where there is nothing.
  void commit(std::int64_t at_us) {
    if (buffer_.empty()) return;
    append(RecordKind::Commit, at_us);
    if (std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get()) != buffer_.size() || !sync(file_.get()))
      fail("written");
    buffer_.clear();
  }

  /// The frames of the durable record at `offset`.
  Frames frames_at(std::uint64_t offset) const {
    if (!seek(reader_.get(), offset)) fail("read");
    auto record = detail::next_record(reader_.get(), offset);
    if (!record) throw EngineFault("No record at " + std::to_string(offset) + " of " + path_.string() + ".");
    return std::move(record->frames);
  }

 private:
  [[noreturn]] void fail(const char* what) const { throw EngineFault(path_.string() + " cannot be " + what + "."); }

  void write_magic() const {
    const detail::File file(open_file(path_, "wb"));
    if (!file) fail("made");
    const bool whole = std::fwrite(detail::journal_magic.data(), 1, detail::journal_magic.size(), file.get()) ==
                       detail::journal_magic.size();
    if (!whole || !sync(file.get())) fail("written");
  }

  /// The file behind its magic bytes.
  detail::File opened() const {
    detail::File file(open_file(path_, "rb"));
    if (!file) fail("read");
    if (detail::read_bytes(file.get(), detail::journal_magic.size()) != detail::journal_magic)
      throw EngineFault(path_.string() + " is not an engine's journal.");
    return file;
  }

  /// Cuts what follows the last COMMIT and keeps it aside; where the file ends now.
  std::uint64_t cut() const {
    std::uint64_t end = detail::journal_magic.size(), offset = end;
    detail::File file = opened();
    while (const auto record = detail::next_record(file.get(), offset)) {
      offset += detail::record_size(*record);
      if (record->kind == RecordKind::Commit) end = offset;
    }
    file.reset();
    if (std::filesystem::file_size(path_) > end) keep_aside(end);
    return end;
  }

  void keep_aside(std::uint64_t end) const {
    std::filesystem::path aside = path_;
    aside += ".cut-at-" + std::to_string(end);
    std::ifstream from(path_, std::ios::binary);
    from.seekg(static_cast<std::streamoff>(end));
    std::ofstream(aside, std::ios::binary) << from.rdbuf();
    from.close();
    std::filesystem::resize_file(path_, end);
    log(Severity::Warning, "Cut the journal's unanswered tail and kept it in " + aside.string() + ".");
  }

  std::filesystem::path path_;
  detail::File file_, reader_;
  std::string buffer_;
  std::uint64_t end_ = 0;
};

/// Renames the journal, so that the next start knows nothing.
inline void set_journal_aside(const std::filesystem::path& directory, std::int64_t at_us) {
  if (!Journal::exists(directory)) return;
  const std::filesystem::path path = directory / "journal";
  std::filesystem::path aside = path;
  aside += ".forgotten-" + std::to_string(at_us);
  std::filesystem::rename(path, aside);
  sync_directory(directory);
  log(Severity::Warning, "The journal was set aside as " + aside.string() + ": the engine forgets.");
}

}  // namespace tmw
