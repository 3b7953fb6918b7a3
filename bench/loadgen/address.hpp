// Where is the server? A name or number is looked up once, for all connections.
#pragma once

#include <sys/socket.h>

#include <string>

struct Address {
    sockaddr_storage socket_address;
    socklen_t length;
    int family;
    std::string authority;  // `host:port`, as HTTP names it
};

// std::runtime_error with a sentence where the name is not known.
Address looked_up(const std::string& host, int port);
