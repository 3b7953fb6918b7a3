// Many clients, each with one order on its way: how many are answered a second, how late, at what cost?
#pragma once

#include "arguments.hpp"

// Returns the exit code. `--port --path --clients --body [--headers --warm --seconds --patience --pids --run]`: HTTP/1.1
// POSTs over connections that are kept. `{id}` in the body becomes an id that no other order has; `--run` begins every
// id. An answer that is not 201 or does not name that id ends the run. The event on standard output: `measured`.
int orders(Arguments arguments);
