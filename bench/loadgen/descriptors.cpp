#include "descriptors.hpp"

#include <sys/resource.h>

#include <algorithm>

void allow_sockets(int sockets) {
    const rlim_t wanted = static_cast<rlim_t>(sockets) + 64;
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur >= wanted) return;
    rlimit raised{wanted, std::max(wanted, files.rlim_max)};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return;  // an administrator may lift the hard limit too
    throw BadArgument(std::to_string(sockets) + " sockets need " + std::to_string(wanted) +
                      " file descriptors and this shell allows " + std::to_string(files.rlim_max) + ": ulimit -n " +
                      std::to_string(wanted) + ", or fewer sockets");
}
