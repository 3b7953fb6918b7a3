// Many clients, each with one order on its way: how many are answered a second, how late, at what cost?
#pragma once

#include "arguments.hpp"

// Returns the exit code. `--port --clients --body [--entry --path --headers --rate --warm --seconds --patience --pids
// --run]`. Entry `rest`: HTTP/1.1 POSTs to `--path` over connections that are kept. Entry `socket`: `order.place` on a
// WebSocket each; one line of standard input is the request target of each. With `--rate` so many orders a second are
// due, and late answers do not hold the next ones up. `{id}` in the body becomes an id that no other order has; `--run`
// begins every id. An answer that does not take the order or name that id ends the run. The event on standard output:
// `measured`.
int orders(Arguments arguments);
