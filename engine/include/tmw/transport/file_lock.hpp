// Is another engine at work in this directory? A lock that the system gives back when its holder dies.
//
// The same file and the same lock as the middleware's own engine: one of the two at a time.
#pragma once

#include <filesystem>
#include <string>

#include "tmw/transport/fault.hpp"

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#include <share.h>
#include <sys/locking.h>
#include <sys/stat.h>
#else
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#endif

namespace tmw {

class FileLock {
 public:
  /// `EngineFault` where another process holds `path`.
  explicit FileLock(const std::filesystem::path& path) {
    std::filesystem::create_directories(path.parent_path());
#ifdef _WIN32
    _wsopen_s(&handle_, path.c_str(), _O_RDWR | _O_CREAT, _SH_DENYNO, _S_IREAD | _S_IWRITE);
    const bool held =
        handle_ >= 0 && _lseek(handle_, locked_byte, SEEK_SET) >= 0 && _locking(handle_, _LK_NBLCK, 1) == 0;
    if (!held && handle_ >= 0) _close(handle_);
#else
    handle_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const bool held = handle_ >= 0 && flock(handle_, LOCK_EX | LOCK_NB) == 0;
    if (!held && handle_ >= 0) close(handle_);
#endif
    if (!held) throw EngineFault(path.string() + " is held by another engine.");
  }

  ~FileLock() {
#ifdef _WIN32
    _close(handle_);
#else
    close(handle_);
#endif
  }

  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  static constexpr long locked_byte = 1L << 20;
  int handle_ = -1;
};

}  // namespace tmw
