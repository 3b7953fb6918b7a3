#include "address.hpp"

#include <netdb.h>

#include <cstring>
#include <memory>
#include <stdexcept>

Address looked_up(const std::string& host, int port) {
    addrinfo wanted{}, *found = nullptr;
    wanted.ai_socktype = SOCK_STREAM;
    if (const int fault = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found))
        throw std::runtime_error("the host " + host + " is not known: " + gai_strerror(fault));
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> first(found, &freeaddrinfo);
    const std::string shown = host.find(':') == std::string::npos ? host : "[" + host + "]";
    Address address{{}, first->ai_addrlen, first->ai_family, shown + ":" + std::to_string(port)};
    std::memcpy(&address.socket_address, first->ai_addr, first->ai_addrlen);
    return address;
}
