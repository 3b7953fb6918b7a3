// The load generator: `loadgen fanout --…` (fan_out.hpp), `loadgen orders --…` (orders.hpp), `loadgen send --…`
// (send_floor.hpp).
#include <cstdio>
#include <exception>
#include <string>

#include "fan_out.hpp"
#include "orders.hpp"
#include "send_floor.hpp"

int main(int count, char** words) {
    const std::string command = count > 1 ? words[1] : "";
    try {
        Arguments arguments(count - 2, words + 2);
        if (command == "fanout") return fan_out(arguments);
        if (command == "orders") return orders(arguments);
        if (command == "send") return send_floor(arguments);
        std::fprintf(stderr, "usage: loadgen fanout|orders|send --name value …\n");
        return 2;
    } catch (const BadArgument& fault) {
        std::fprintf(stderr, "loadgen: %s\n", fault.what());
        return 2;
    } catch (const std::exception& fault) {
        std::fprintf(stderr, "loadgen: %s\n", fault.what());
        return 1;
    }
}
