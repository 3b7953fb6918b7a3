// What do the servers cost? Processor time (user and system) and resident memory per label, read from /proc.
#pragma once

#include <map>
#include <string>

struct Usage {
    std::map<std::string, double> cpu_seconds;
    std::map<std::string, double> rss_mb;

    // Processor time by label since `earlier`.
    std::map<std::string, double> spent_since(const Usage& earlier) const;
};

// `labelled`: "web=12,feed=34". A process counts for its nearest ancestor with a label, itself included.
class ProcessWatch {
public:
    explicit ProcessWatch(const std::string& labelled);
    Usage now() const;

private:
    std::map<int, std::string> labels_;
};

double own_cpu_seconds();
