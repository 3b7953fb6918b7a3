// What does the kernel alone ask for a message to each of many sockets? A bare loop of send(), nothing else.
#pragma once

#include "arguments.hpp"

// Returns the exit code. `--sockets --bytes --flush-us [--seconds --poll-us]`: over loopback, a thread reads as the
// generator does. The event on standard output: `measured` with `us_per_send`, processor time of the sender alone.
int send_floor(Arguments arguments);
