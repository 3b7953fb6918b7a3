// What does one socket follow, where does it stand on each symbol, and what is known of it?
#pragma once

#include <memory>
#include <vector>

#include "books.hpp"
#include "positions.hpp"

struct Following {
    std::vector<Position> positions;  // by the symbol's number
    std::unique_ptr<Books> books;     // null: it follows quotes
    bool stalls = false;              // it will stop reading: what it gets is checked and not counted
};
