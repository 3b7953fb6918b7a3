#include "process_usage.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "arguments.hpp"

namespace {

struct Process {
    int parent;
    double cpu_seconds;
    double rss_mb;
};

// The fields of /proc/<pid>/stat begin behind the last ')': a program's name may hold anything.
bool read_process(const char* pid, Process& out) {
    char line[2048];
    std::FILE* file = std::fopen((std::string("/proc/") + pid + "/stat").c_str(), "r");
    if (!file) return false;
    line[std::fread(line, 1, sizeof line - 1, file)] = 0;
    std::fclose(file);
    const char* fields = std::strrchr(line, ')');
    unsigned long user, system;
    long pages;
    if (!fields || std::sscanf(fields + 1,
                               " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u %*u %ld",
                               &out.parent, &user, &system, &pages) != 4)
        return false;
    out.cpu_seconds = static_cast<double>(user + system) / sysconf(_SC_CLK_TCK);
    out.rss_mb = static_cast<double>(pages) * sysconf(_SC_PAGESIZE) / (1 << 20);
    return true;
}

std::map<int, Process> all_processes() {
    std::map<int, Process> found;
    DIR* directory = opendir("/proc");
    if (!directory) return found;
    while (const dirent* entry = readdir(directory)) {
        Process process{};
        const int pid = std::atoi(entry->d_name);
        if (pid > 0 && read_process(entry->d_name, process)) found[pid] = process;
    }
    closedir(directory);
    return found;
}

}  // namespace

std::map<std::string, double> Usage::spent_since(const Usage& earlier) const {
    std::map<std::string, double> spent = cpu_seconds;
    for (auto& [label, seconds] : spent)
        if (const auto before = earlier.cpu_seconds.find(label); before != earlier.cpu_seconds.end())
            seconds -= before->second;
    return spent;
}

ProcessWatch::ProcessWatch(const std::string& labelled) {
    std::istringstream words(labelled);
    for (std::string word; std::getline(words, word, ',');) {
        const size_t equals = word.find('=');
        const int pid = equals == std::string::npos ? 0 : std::atoi(word.c_str() + equals + 1);
        if (pid <= 0) throw BadArgument("--pids wants label=number, got " + word);
        labels_[pid] = word.substr(0, equals);
    }
}

Usage ProcessWatch::now() const {
    Usage usage;
    const auto processes = all_processes();
    for (const auto& [pid, process] : processes) {
        for (int ancestor = pid; ancestor > 1;) {
            if (const auto label = labels_.find(ancestor); label != labels_.end()) {
                usage.cpu_seconds[label->second] += process.cpu_seconds;
                usage.rss_mb[label->second] += process.rss_mb;
                break;
            }
            const auto above = processes.find(ancestor);
            ancestor = above == processes.end() ? 0 : above->second.parent;
        }
    }
    return usage;
}

double own_cpu_seconds() {
    rusage own{};
    getrusage(RUSAGE_SELF, &own);
    return own.ru_utime.tv_sec + own.ru_stime.tv_sec + (own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6;
}
