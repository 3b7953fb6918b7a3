#include "fan_out.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <deque>
#include <memory>

#include "clock.hpp"
#include "connection.hpp"
#include "json_line.hpp"
#include "process_usage.hpp"
#include "tally.hpp"
#include "wishes.hpp"

namespace {

constexpr int kDialledAtOnce = 16;
constexpr uint32_t kInput = UINT32_MAX;

struct Options {
    explicit Options(Arguments& given)
        : dialect(given.text("dialect")),
          port(given.whole("port", nullptr, 1, 65'535)),
          sockets(given.whole("sockets", nullptr, 1, 60'000)),
          universe(given.whole("of", nullptr, 1, 5'000)),
          symbols(given.whole("symbols", nullptr, 1, universe)),
          prefix(given.text("prefix", "SYM")),
          seed(given.whole("seed", "1", 0, 1'000'000)),
          zipf(given.number("zipf", "1", 0, 10)),
          warm_us(static_cast<int64_t>(1e6 * given.number("warm", "2", 0, 600))),
          measure_us(static_cast<int64_t>(1e6 * given.number("seconds", "5", 0.1, 600))),
          patience_us(static_cast<int64_t>(1e6 * given.number("patience", "60", 1, 600))),
          poll_us(given.whole("poll-us", "500", 0, 100'000)),
          pids(given.text("pids", "")) {
        given.all_read();
    }

    std::string dialect;
    int port, sockets, universe, symbols;
    std::string prefix;
    int seed;
    double zipf;
    int64_t warm_us, measure_us, patience_us;
    int poll_us;  // 0: block in epoll_wait
    std::string pids;
};

// What is compared between the two ends of the measured time.
struct Moment {
    int64_t at_us;
    Usage servers;
    double own_cpu_seconds;
    uint64_t published;
    int64_t feed_us;  // the feed's own time: of its newest update that any socket has
};

class FanOut {
public:
    explicit FanOut(Arguments& given)
        : options_(given),
          dialect_(dialect_named(options_.dialect)),
          wishes_(options_.prefix, options_.universe, options_.symbols, options_.zipf, options_.seed),
          tally_(wishes_, options_.universe),
          servers_(options_.pids),
          before_(servers_.now()),
          epoll_(epoll_create1(0)) {
        fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
        watch(STDIN_FILENO, kInput);
    }

    int run() {
        const int64_t deadline = steady_us() + options_.patience_us;
        const auto all_subscribed = [&] { return tally_.subscribed_count() == options_.sockets; };
        if (!pump_until(all_subscribed, deadline)) return failed("subscribed");
        JsonLine("subscribed").add("sockets", options_.sockets).say();
        const auto feed_started = [&] { return tally_.newest_ts_us > 0; };
        if (!pump_until(feed_started, steady_us() + options_.patience_us)) return failed("update");
        pump_for(options_.warm_us);
        const Moment start = reading();
        tally_.counting = true;
        pump_for(options_.measure_us);
        tally_.counting = false;
        report(start, reading());
        return 0;
    }

private:
    void watch(int descriptor, uint32_t number) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u32 = number;
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event)) throw std::runtime_error("epoll_ctl");
    }

    template <typename Done>
    bool pump_until(Done done, int64_t deadline) {
        while (!done() && steady_us() < deadline) pump_once(deadline);
        return done();
    }

    void pump_for(int64_t us) {
        pump_until([] { return false; }, steady_us() + us);
    }

    // By default it looks again every `poll_us` and does not sleep in epoll_wait: a sleeping reader makes each send()
    // of the server pay for waking it across cores, which a network card would not cost.
    void pump_once(int64_t deadline) {
        epoll_event ready[1'024];
        const int64_t left_ms = std::max<int64_t>(0, (deadline - steady_us()) / 1'000);
        const int wait_ms = options_.poll_us ? 0 : static_cast<int>(std::min<int64_t>(50, left_ms + 1));
        const int count = epoll_wait(epoll_, ready, 1'024, wait_ms);
        bool drained = true;
        for (int at = 0; at < count; ++at) drained &= on_ready(ready[at].data.u32);
        if (options_.poll_us && drained) {
            const timespec nap{0, options_.poll_us * 1'000L};
            nanosleep(&nap, nullptr);
        }
    }

    bool on_ready(uint32_t number) {
        if (number == kInput) {
            take_input();
            return true;
        }
        bool drained = true;
        Connection& connection = *connections_[number];
        tally_.now_us = epoch_us();
        if (!connection.on_readable(drained)) drop(connection);
        dial();
        return drained;
    }

    void drop(Connection& connection) {
        if (++closed_ == 1) first_why_ = connection.why();
        if (closed_ == options_.sockets) throw std::runtime_error("every socket was closed; the first: " + first_why_);
        epoll_ctl(epoll_, EPOLL_CTL_DEL, connection.descriptor(), nullptr);
        close(connection.descriptor());
    }

    void take_input() {
        char text[4'096];
        const ssize_t length = read(STDIN_FILENO, text, sizeof text);
        if (length == 0) throw std::runtime_error("the runner is gone");
        if (length > 0) input_.append(text, length);
        for (size_t end; (end = input_.find('\n')) != std::string::npos; input_.erase(0, end + 1))
            targets_.push_back(input_.substr(0, end));
        dial();
    }

    // A few at once: no server has to take hundreds of handshakes in one turn.
    void dial() {
        while (!targets_.empty() && on_their_way() < kDialledAtOnce) {
            const std::vector<int> chosen = wishes_.next();
            std::vector<Position> positions(options_.universe);
            for (const int number : chosen) positions[number].ask();
            connections_.push_back(
                std::make_unique<Connection>(*dialect_, tally_, wishes_.as_json(chosen), std::move(positions)));
            connections_.back()->open(options_.port, targets_.front());
            targets_.pop_front();
            watch(connections_.back()->descriptor(), static_cast<uint32_t>(connections_.size() - 1));
        }
    }

    int on_their_way() const { return static_cast<int>(connections_.size()) - tally_.subscribed_count() - closed_; }

    Moment reading() const {
        return {steady_us(), servers_.now(), own_cpu_seconds(), tally_.published(), tally_.newest_ts_us};
    }

    int failed(const char* awaited) {
        JsonLine("failed")
            .add("why", std::string("no ") + awaited + " in time")
            .add("subscribed", tally_.subscribed_count())
            .add("closed", closed_)
            .add("first_close", first_why_)
            .say();
        return 1;
    }

    void report(const Moment& start, const Moment& end) {
        const double seconds = (end.at_us - start.at_us) / 1e6;
        const Faults& faults = tally_.faults;
        JsonLine("measured")
            .add("seconds", seconds)
            .add("sockets", options_.sockets)
            .add("closed", closed_)
            .add("first_close", first_why_)
            .add("published", end.published - start.published)
            .add("seen_symbols", tally_.seen_symbols())
            .add("feed_seconds", (end.feed_us - start.feed_us) / 1e6)
            .add("updates", tally_.updates)
            .add("frames", tally_.frames)
            .add("bytes", tally_.bytes)
            .add("most_updates_a_frame", tally_.most_a_frame)
            .add("p50_ms", tally_.delays.percentile_ms(0.5))
            .add("p90_ms", tally_.delays.percentile_ms(0.9))
            .add("p99_ms", tally_.delays.percentile_ms(0.99))
            .add("p999_ms", tally_.delays.percentile_ms(0.999))
            .add("max_ms", tally_.delays.most_ms())
            .add("holes", faults.holes)
            .add("lost", faults.lost)
            .add("disordered", faults.disordered)
            .add("unasked", faults.unasked)
            .add("merged", faults.merged)
            .add("cpu_seconds", end.servers.spent_since(start.servers))
            .add("rss_mb", end.servers.rss_mb)
            .add("rss_mb_before", before_.rss_mb)
            .add("own_cpu_share", (end.own_cpu_seconds - start.own_cpu_seconds) / seconds)
            .say();
    }

    Options options_;
    std::unique_ptr<Dialect> dialect_;
    Wishes wishes_;
    Tally tally_;
    ProcessWatch servers_;
    Usage before_;
    int epoll_;
    std::string input_;
    std::deque<std::string> targets_;
    std::vector<std::unique_ptr<Connection>> connections_;
    int closed_ = 0;
    std::string first_why_;
};

}  // namespace

int fan_out(Arguments arguments) {
    rlimit files{65'536, 65'536};
    setrlimit(RLIMIT_NOFILE, &files);
    return FanOut(arguments).run();
}
