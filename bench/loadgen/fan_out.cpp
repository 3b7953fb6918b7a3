#include "fan_out.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <deque>
#include <memory>

#include "clock.hpp"
#include "connection.hpp"
#include "descriptors.hpp"
#include "fan_out_options.hpp"
#include "json_line.hpp"
#include "process_usage.hpp"
#include "tally.hpp"
#include "wishes.hpp"

namespace {

constexpr int kDialledAtOnce = 16;
constexpr int kFirstSockets = 20;
constexpr uint32_t kInput = UINT32_MAX;
constexpr int64_t kCatchUpUs = 2'000'000;  // what stalled sockets get to read what they missed
constexpr int64_t kTellEachUs = 500'000;

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
          book_dialect_(options_.books ? dialect_named(options_.dialect + "-book") : nullptr),
          wishes_(options_.names, options_.symbols, options_.zipf, options_.seed),
          tally_(wishes_, static_cast<int>(options_.names.size()), options_.clock_ahead_us),
          servers_(options_.pids),
          before_(servers_.now()),
          epoll_(epoll_create1(0)) {
        allow_sockets(options_.sockets);
        fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
        watch(STDIN_FILENO, kInput);
    }

    int run() {
        const int64_t deadline = steady_us() + options_.patience_us;
        if (!pump_until([&] { return tally_.subscribed_count() >= first_sockets(); }, deadline)) return failed("subscribed");
        first_ = servers_.now();
        const auto all_subscribed = [&] { return tally_.subscribed_count() == options_.sockets; };
        if (!pump_until(all_subscribed, deadline)) return failed("subscribed");
        JsonLine("subscribed").add("sockets", options_.sockets).say();
        const auto feed_started = [&] { return options_.idle || tally_.newest_ts_us > 0; };
        if (!pump_until(feed_started, steady_us() + options_.patience_us)) return failed("update");
        pump_for(options_.warm_us);
        const Moment start = reading();
        const Histogram first = half();
        const Moment middle = reading();
        stall();
        const Histogram second = half();
        const Moment end = reading();
        read_again();
        report({start, middle, end}, first, second);
        return 0;
    }

private:
    void watch(int descriptor, uint32_t number) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u32 = number;
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event)) throw std::runtime_error("epoll_ctl");
    }

    // What a server loads and keeps for its first sockets is no cost of each further one.
    int first_sockets() const { return std::min(kFirstSockets, (options_.sockets + 1) / 2); }

    // Half of the measured time; its delays.
    Histogram half() {
        tally_.part.clear();
        tally_.counting = true;
        pump_for(options_.measure_us / 2);
        tally_.counting = false;
        return tally_.part;
    }

    void stall() {
        for (const auto& connection : connections_)
            if (connection->stalls()) epoll_ctl(epoll_, EPOLL_CTL_DEL, connection->descriptor(), nullptr);
    }

    void read_again() {
        if (!options_.stalled) return;
        for (uint32_t number = 0; number < connections_.size(); ++number)
            if (connections_[number]->stalls()) watch(connections_[number]->descriptor(), number);
        pump_for(kCatchUpUs);
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
        tell();
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

    void tell() {
        if (!options_.tells || steady_us() < tell_at_us_) return;
        tell_at_us_ = steady_us() + kTellEachUs;
        JsonLine("progress")
            .add("subscribed", tally_.subscribed_count())
            .add("updates", tally_.updates)
            .add("closed", closed_)
            .say();
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
            const auto number = static_cast<int>(connections_.size());
            const bool books = number >= options_.sockets - options_.books;
            const std::vector<int> chosen = wishes_.next();
            Following following{std::vector<Position>(options_.names.size()), nullptr, number < options_.stalled};
            for (const int symbol : chosen) following.positions[symbol].ask();
            if (books) following.books = std::make_unique<Books>();
            connections_.push_back(std::make_unique<Connection>(books ? *book_dialect_ : *dialect_, tally_,
                                                                wishes_.as_json(chosen), std::move(following)));
            connections_.back()->open(options_.server, targets_.front());
            targets_.pop_front();
            watch(connections_.back()->descriptor(), static_cast<uint32_t>(number));
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

    struct Moments {
        Moment start, middle, end;
    };

    void report(const Moments& at, const Histogram& first, const Histogram& second) {
        const double seconds = (at.end.at_us - at.start.at_us) / 1e6;
        const Faults& faults = tally_.faults;
        JsonLine("measured")
            .add("seconds", seconds)
            .add("sockets", options_.sockets)
            .add("closed", closed_)
            .add("first_close", first_why_)
            .add("published", at.end.published - at.start.published)
            .add("seen_symbols", tally_.seen_symbols())
            .add("feed_seconds", (at.end.feed_us - at.start.feed_us) / 1e6)
            .add("updates", tally_.updates)
            .add("updates_merged", tally_.merged)
            .add("frames", tally_.frames)
            .add("bytes", tally_.bytes)
            .add("most_updates_a_frame", tally_.most_a_frame)
            .add("p50_ms", tally_.delays.percentile_ms(0.5))
            .add("p90_ms", tally_.delays.percentile_ms(0.9))
            .add("p99_ms", tally_.delays.percentile_ms(0.99))
            .add("p999_ms", tally_.delays.percentile_ms(0.999))
            .add("max_ms", tally_.delays.most_ms())
            .add("p50_ms_first_half", first.percentile_ms(0.5))
            .add("p99_ms_first_half", first.percentile_ms(0.99))
            .add("p50_ms_second_half", second.percentile_ms(0.5))
            .add("p99_ms_second_half", second.percentile_ms(0.99))
            .add("holes", faults.holes)
            .add("lost", faults.lost)
            .add("disordered", faults.disordered)
            .add("unasked", faults.unasked)
            .add("mismatched", faults.mismatched)
            .add("checksums", tally_.checksums)
            .add("merged", faults.merged)
            .add("cpu_seconds", at.end.servers.spent_since(at.start.servers))
            .add("rss_mb_before", before_.rss_mb)
            .add("rss_mb_first", first_.rss_mb)
            .add("first_sockets", first_sockets())
            .add("rss_mb_start", at.start.servers.rss_mb)
            .add("rss_mb_middle", at.middle.servers.rss_mb)
            .add("rss_mb", at.end.servers.rss_mb)
            .add("own_cpu_share", (at.end.own_cpu_seconds - at.start.own_cpu_seconds) / seconds)
            .say();
    }

    FanOutOptions options_;
    std::unique_ptr<Dialect> dialect_, book_dialect_;
    Wishes wishes_;
    Tally tally_;
    ProcessWatch servers_;
    Usage before_, first_;  // before any socket, and with the first of them
    int epoll_;
    std::string input_;
    std::deque<std::string> targets_;
    std::vector<std::unique_ptr<Connection>> connections_;
    int closed_ = 0;
    int64_t tell_at_us_ = 0;
    std::string first_why_;
};

}  // namespace

int fan_out(Arguments arguments) {
    FanOut load(arguments);
    return load.run();
}
