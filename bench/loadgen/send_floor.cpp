#include "send_floor.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "clock.hpp"
#include "descriptors.hpp"
#include "json_line.hpp"

namespace {

// Connected pairs over loopback: [sender, receiver].
class Pairs {
public:
    explicit Pairs(int count) {
        const int listener = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* at = reinterpret_cast<sockaddr*>(&address);
        if (listener < 0 || bind(listener, at, length) || listen(listener, 128) || getsockname(listener, at, &length))
            throw std::runtime_error("cannot listen on 127.0.0.1");
        const int on = 1;
        for (int made = 0; made < count; ++made) {
            receivers.push_back(socket(AF_INET, SOCK_STREAM, 0));
            if (connect(receivers.back(), at, length)) throw std::runtime_error("cannot connect to 127.0.0.1");
            senders.push_back(accept(listener, nullptr, nullptr));
            setsockopt(senders.back(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            fcntl(receivers.back(), F_SETFL, O_NONBLOCK);
        }
        close(listener);
    }

    std::vector<int> senders, receivers;
};

void nap(int64_t us) {
    const timespec time{us / 1'000'000, us % 1'000'000 * 1'000};
    if (us > 0) nanosleep(&time, nullptr);
}

void read_all(const std::vector<int>& receivers, int poll_us, const std::atomic<bool>& over) {
    const int epoll = epoll_create1(0);
    for (const int receiver : receivers) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = receiver;
        epoll_ctl(epoll, EPOLL_CTL_ADD, receiver, &event);
    }
    static char bytes[1 << 18];
    epoll_event ready[1'024];
    while (!over) {
        const int count = epoll_wait(epoll, ready, 1'024, poll_us ? 0 : 50);
        for (int at = 0; at < count; ++at)
            if (recv(ready[at].data.fd, bytes, sizeof bytes, 0) == 0) return;
        nap(poll_us);
    }
    close(epoll);
}

double thread_cpu_seconds() {
    rusage own{};
    getrusage(RUSAGE_THREAD, &own);
    return own.ru_utime.tv_sec + own.ru_stime.tv_sec + (own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6;
}

}  // namespace

int send_floor(Arguments given) {
    const int sockets = given.whole("sockets", nullptr, 1, 20'000);
    const int bytes = given.whole("bytes", nullptr, 1, 1 << 20);
    const int flush_us = given.whole("flush-us", nullptr, 0, 1'000'000);
    const double seconds = given.number("seconds", "3", 0.1, 600);
    const int poll_us = given.whole("poll-us", "500", 0, 100'000);
    given.all_read();
    allow_sockets(2 * sockets);
    const Pairs pairs(sockets);
    std::atomic<bool> over{false};
    std::thread reader([&] { read_all(pairs.receivers, poll_us, over); });
    const std::string message(static_cast<size_t>(bytes), 'x');
    const int64_t began_us = steady_us(), end_us = began_us + static_cast<int64_t>(seconds * 1e6);
    const double cpu_before = thread_cpu_seconds();
    uint64_t sends = 0;
    for (int64_t flush_at_us = began_us; flush_at_us < end_us; flush_at_us = std::max(flush_at_us + flush_us, steady_us())) {
        nap(flush_at_us - steady_us());
        for (const int sender : pairs.senders) sends += send(sender, message.data(), message.size(), MSG_NOSIGNAL) > 0;
    }
    const double spent = thread_cpu_seconds() - cpu_before;
    over = true;
    reader.join();
    JsonLine("measured")
        .add("sends", sends)
        .add("us_per_send", spent * 1e6 / static_cast<double>(sends))
        .add("cpu_share", spent / ((steady_us() - began_us) / 1e6))
        .say();
    return 0;
}
