#include "orders.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <vector>

#include "clock.hpp"
#include "histogram.hpp"
#include "json_line.hpp"
#include "process_usage.hpp"

namespace {

constexpr std::string_view kIdMark = "{id}";

struct Options {
    explicit Options(Arguments& given)
        : port(given.whole("port", nullptr, 1, 65'535)),
          clients(given.whole("clients", nullptr, 1, 4'096)),
          path(given.text("path")),
          headers(given.text("headers", "")),
          body(given.text("body")),
          run(given.text("run", "bench")),
          warm_us(static_cast<int64_t>(1e6 * given.number("warm", "1", 0, 600))),
          measure_us(static_cast<int64_t>(1e6 * given.number("seconds", "5", 0.1, 600))),
          patience_us(static_cast<int64_t>(1e6 * given.number("patience", "20", 1, 600))),
          pids(given.text("pids", "")) {
        given.all_read();
        if (body.find(kIdMark) == std::string::npos) throw BadArgument("--body must hold {id}");
    }

    int port, clients;
    std::string path, headers, body, run;
    int64_t warm_us, measure_us, patience_us;
    std::string pids;
};

// What has come of an HTTP answer so far.
struct Answer {
    enum class State { Partial, Whole, Malformed } state;
    int status = 0;
    std::string_view body = {};
    bool closes = false;
};

// The value of a header field, "" where it is absent.
std::string_view field(std::string_view head, std::string_view name) {
    for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
        const std::string_view line = head.substr(at + 2);
        if (line.size() <= name.size() || line[name.size()] != ':') continue;
        if (strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
        const size_t begin = line.find_first_not_of(" \t", name.size() + 1);
        return begin == std::string_view::npos ? "" : line.substr(begin, line.find("\r\n", begin) - begin);
    }
    return "";
}

Answer read_answer(std::string_view bytes) {
    const size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return {Answer::State::Partial};
    const std::string_view head = bytes.substr(0, end), body = bytes.substr(end + 4);
    if (head.size() < 12 || head.substr(0, 9) != "HTTP/1.1 ") return {Answer::State::Malformed};
    const int status = std::atoi(head.data() + 9);
    const bool closes = strncasecmp(field(head, "connection").data(), "close", 5) == 0;
    const std::string_view length = field(head, "content-length");
    if (length.empty()) return {Answer::State::Malformed};  // all servers of these benches say how long they are
    const size_t wanted = std::strtoul(length.data(), nullptr, 10);
    if (body.size() < wanted) return {Answer::State::Partial};
    return {Answer::State::Whole, status, body.substr(0, wanted), closes};
}

struct Client {
    int descriptor = -1;
    std::string id;
    std::string received;
    int64_t sent_at_us = 0;
};

class OrderLoad {
public:
    explicit OrderLoad(Arguments& given)
        : options_(given), servers_(options_.pids), clients_(options_.clients), epoll_(epoll_create1(0)) {}

    int run() {
        for (size_t number = 0; number < clients_.size(); ++number) {
            dial(number);
            place(clients_[number]);
        }
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
    void dial(size_t number) {
        Client& client = clients_[number];
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
    }

    void place(Client& client) {
        client.id = options_.run + "-" + std::to_string(++placed_);
        std::string body = options_.body;
        body.replace(body.find(kIdMark), kIdMark.size(), client.id);
        const std::string request = "POST " + options_.path + " HTTP/1.1\r\nHost: 127.0.0.1:" +
                                    std::to_string(options_.port) + "\r\nContent-Type: application/json\r\n" +
                                    options_.headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                                    body;
        client.received.clear();
        client.sent_at_us = steady_us();
        if (send(client.descriptor, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
            throw std::runtime_error("send");
    }

    void pump_for(int64_t us) {
        for (const int64_t end_us = steady_us() + us; steady_us() < end_us;) {
            epoll_event ready[256];
            const int count = epoll_wait(epoll_, ready, 256, 10);
            for (int at = 0; at < count; ++at) on_readable(ready[at].data.u64);
            if (count) last_answer_us_ = steady_us();
            if (steady_us() - last_answer_us_ > options_.patience_us) throw std::runtime_error("no answer in time");
        }
    }

    void on_readable(size_t number) {
        Client& client = clients_[number];
        char bytes[65'536];
        const ssize_t length = recv(client.descriptor, bytes, sizeof bytes, 0);
        if (length <= 0) throw std::runtime_error("the server closed a connection");
        client.received.append(bytes, static_cast<size_t>(length));
        const Answer answer = read_answer(client.received);
        if (answer.state == Answer::State::Malformed) throw std::runtime_error("not an answer: " + client.received);
        if (answer.state == Answer::State::Partial) return;
        judge(client, answer);
        if (answer.closes) {
            close(client.descriptor);
            dial(number);
            ++redialled_;
        }
        place(client);
    }

    // Any other answer ends the run: what refuses is not being measured.
    void judge(const Client& client, const Answer& answer) {
        if (answer.status != 201 || answer.body.find('"' + client.id + '"') == std::string_view::npos)
            throw std::runtime_error("answered " + std::to_string(answer.status) + ": " + std::string(answer.body));
        if (!counting_) return;
        ++answered_;
        delays_.add(steady_us() - client.sent_at_us);
    }

    void report(double seconds, const Usage& before, const Usage& after, double own_share) {
        JsonLine("measured")
            .add("seconds", seconds)
            .add("clients", options_.clients)
            .add("orders", answered_)
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
    bool counting_ = false;
    int64_t last_answer_us_ = steady_us();
    uint64_t placed_ = 0, answered_ = 0, redialled_ = 0;
};

}  // namespace

int orders(Arguments arguments) { return OrderLoad(arguments).run(); }
