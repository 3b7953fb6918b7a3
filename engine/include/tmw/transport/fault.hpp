// What ends an engine? A disk that cannot be written, a key that is missing, an address that is taken.
//
// Bad messages are values (`Result`); these are exceptions, because an engine that cannot keep its promises must stop.
#pragma once

#include <stdexcept>
#include <string>

namespace tmw {

/// The text is a sentence for whoever operates the engine.
struct EngineFault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace tmw
