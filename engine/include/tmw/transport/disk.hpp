// How does a file reach the disk, and where does one read in it? What C++17 leaves to the systems.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>

#ifdef _WIN32
#include <io.h>
#else
#include <fcntl.h>
#include <unistd.h>
#endif

namespace tmw {

/// Everything written to `file` is on the disk once this returns true.
inline bool sync(std::FILE* file) {
  if (std::fflush(file) != 0) return false;
#ifdef _WIN32
  return _commit(_fileno(file)) == 0;
#elif defined(__APPLE__)
  return fcntl(fileno(file), F_FULLFSYNC) == 0;
#else
  return fdatasync(fileno(file)) == 0;
#endif
}

/// Makes a name in `directory` durable; Windows cannot open directories and does not need it.
inline bool sync_directory([[maybe_unused]] const std::filesystem::path& directory) {
#ifdef _WIN32
  return true;
#else
  const int handle = open(directory.c_str(), O_RDONLY);
  if (handle < 0) return false;
  const bool done = fsync(handle) == 0;
  close(handle);
  return done;
#endif
}

inline bool seek(std::FILE* file, std::uint64_t offset) {
#ifdef _WIN32
  return _fseeki64(file, static_cast<__int64>(offset), SEEK_SET) == 0;
#else
  return fseeko(file, static_cast<off_t>(offset), SEEK_SET) == 0;
#endif
}

inline std::FILE* open_file(const std::filesystem::path& path, const char* mode) {
#ifdef _WIN32
  return _wfopen(path.c_str(), std::filesystem::path(mode).c_str());
#else
  return std::fopen(path.c_str(), mode);
#endif
}

}  // namespace tmw
