#include "orders.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iostream>
#include <memory>
#include <unordered_map>
#include <vector>

#include "clock.hpp"
#include "histogram.hpp"
#include "json_line.hpp"
#include "order_lane.hpp"
#include "process_usage.hpp"

namespace {

constexpr std::string_view kIdMark = "{id}";

struct Options {
    explicit Options(Arguments& given)
        : port(given.whole("port", nullptr, 1, 65'535)),
          clients(given.whole("clients", nullptr, 1, 4'096)),
          entry(given.text("entry", "rest")),
          path(given.text("path", "")),
          headers(given.text("headers", "")),
          body(given.text("body")),
          run(given.text("run", "bench")),
          rate(given.number("rate", "0", 0, 1e6)),
          warm_us(static_cast<int64_t>(1e6 * given.number("warm", "1", 0, 600))),
          measure_us(static_cast<int64_t>(1e6 * given.number("seconds", "5", 0.1, 600))),
          patience_us(static_cast<int64_t>(1e6 * given.number("patience", "20", 1, 600))),
          pids(given.text("pids", "")) {
        given.all_read();
        if (body.find(kIdMark) == std::string::npos) throw BadArgument("--body must hold {id}");
        if (entry != "rest" && entry != "socket") throw BadArgument("--entry must be rest or socket");
        if (rate > 0 && entry == "rest") throw BadArgument("--rate is for sockets: over REST an order waits for the last");
    }

    std::string authority() const { return "127.0.0.1:" + std::to_string(port); }

    int port, clients;
    std::string entry, path, headers, body, run;
    double rate;
    int64_t warm_us, measure_us, patience_us;
    std::string pids;
};

struct Client {
    int descriptor = -1;
    std::unique_ptr<Lane> lane;
    std::string received;
};

struct Placed {
    std::string id;
    int64_t due_us;  // when it was sent, or was to be sent
};

class OrderLoad {
public:
    explicit OrderLoad(Arguments& given)
        : options_(given), servers_(options_.pids), clients_(options_.clients), epoll_(epoll_create1(0)) {}

    int run() {
        for (size_t number = 0; number < clients_.size(); ++number) dial(number);
        while (!std::all_of(clients_.begin(), clients_.end(), [](const Client& one) { return one.lane->ready(); })) pump();
        begin();
        pump_for(options_.warm_us);
        counting_ = true;
        const Usage before = servers_.now();
        const double own_before = own_cpu_seconds();
        const int64_t began_us = steady_us();
        pump_for(options_.measure_us);
        const double seconds = (steady_us() - began_us) / 1e6;
        report(seconds, before, servers_.now(), (own_cpu_seconds() - own_before) / seconds);
        return 0;
    }

private:
    std::unique_ptr<Lane> new_lane() const {
        if (options_.entry == "rest") return rest_lane(options_.path, options_.authority(), options_.headers);
        std::string target;
        if (!std::getline(std::cin, target)) throw std::runtime_error("a socket has no target");
        return socket_lane(target, options_.authority());
    }

    void dial(size_t number) {
        Client& client = clients_[number];
        client.lane = new_lane();
        client.descriptor = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<uint16_t>(options_.port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(client.descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address))
            throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
        const int on = 1;
        setsockopt(client.descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = number;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, client.descriptor, &event);
        say(client, client.lane->opening());
    }

    // Closed loop: each client has one order on its way. Else orders are due `rate` times a second, come what may.
    void begin() {
        last_answer_us_ = begun_us_ = steady_us();
        if (options_.rate > 0) return;
        for (Client& client : clients_) place(client, steady_us());
    }

    void place_due() {
        for (int64_t due_us; (due_us = begun_us_ + static_cast<int64_t>(placed_ * 1e6 / options_.rate)) <= steady_us();)
            place(clients_[placed_ % clients_.size()], due_us);
    }

    void place(Client& client, int64_t due_us) {
        const uint64_t number = ++placed_;
        std::string id = options_.run + "-" + std::to_string(number), body = options_.body;
        body.replace(body.find(kIdMark), kIdMark.size(), id);
        unanswered_.emplace(number, Placed{std::move(id), due_us});
        say(client, client.lane->order(number, body));
    }

    static void say(const Client& client, const std::string& bytes) {
        if (bytes.empty()) return;
        if (send(client.descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
            throw std::runtime_error("send");
    }

    void pump_for(int64_t us) {
        for (const int64_t end_us = steady_us() + us; steady_us() < end_us;) {
            pump();
            if (options_.rate > 0) place_due();
        }
    }

    void pump() {
        epoll_event ready[256];
        const int count = epoll_wait(epoll_, ready, 256, options_.rate > 0 ? 1 : 10);
        for (int at = 0; at < count; ++at) on_readable(ready[at].data.u64);
        if (steady_us() - last_answer_us_ > options_.patience_us) throw std::runtime_error("no answer in time");
    }

    void on_readable(size_t number) {
        Client& client = clients_[number];
        char bytes[65'536];
        const ssize_t length = recv(client.descriptor, bytes, sizeof bytes, 0);
        if (length <= 0) throw std::runtime_error("the server closed a connection");
        client.received.append(bytes, static_cast<size_t>(length));
        std::string reply;
        const std::vector<Answer> answers = client.lane->read(client.received, reply);
        say(client, reply);
        for (const Answer& answer : answers) judge(answer);
        if (client.lane->closes()) {
            close(client.descriptor);
            dial(number);
            ++redialled_;
        }
        if (options_.rate > 0) return;
        for (size_t again = 0; again < answers.size(); ++again) place(client, steady_us());
    }

    // An order that is not taken ends the run: what refuses is not being measured.
    void judge(const Answer& answer) {
        const auto placed = unanswered_.find(answer.number);
        if (placed == unanswered_.end()) throw std::runtime_error("answered what was not asked: " + answer.text);
        const auto [id, due_us] = placed->second;
        unanswered_.erase(placed);
        last_answer_us_ = steady_us();
        if (!answer.taken || answer.text.find('"' + id + '"') == std::string::npos)
            throw std::runtime_error("answered " + answer.text);
        if (!counting_) return;
        ++answered_;
        delays_.add(last_answer_us_ - due_us);
    }

    void report(double seconds, const Usage& before, const Usage& after, double own_share) {
        JsonLine("measured")
            .add("seconds", seconds)
            .add("clients", options_.clients)
            .add("orders", answered_)
            .add("unanswered", unanswered_.size())
            .add("redialled", redialled_)
            .add("p50_ms", delays_.percentile_ms(0.5))
            .add("p90_ms", delays_.percentile_ms(0.9))
            .add("p99_ms", delays_.percentile_ms(0.99))
            .add("p999_ms", delays_.percentile_ms(0.999))
            .add("max_ms", delays_.most_ms())
            .add("cpu_seconds", after.spent_since(before))
            .add("rss_mb", after.rss_mb)
            .add("own_cpu_share", own_share)
            .say();
    }

    Options options_;
    ProcessWatch servers_;
    std::vector<Client> clients_;
    int epoll_;
    Histogram delays_;
    std::unordered_map<uint64_t, Placed> unanswered_;
    bool counting_ = false;
    int64_t begun_us_ = 0, last_answer_us_ = steady_us();
    uint64_t placed_ = 0, answered_ = 0, redialled_ = 0;
};

}  // namespace

int orders(Arguments arguments) { return OrderLoad(arguments).run(); }
