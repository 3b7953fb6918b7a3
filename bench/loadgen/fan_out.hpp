// Many sockets, each following some symbols: does every update arrive, how late, and what does it cost the servers?
#pragma once

#include "arguments.hpp"

// Returns the exit code. `--dialect --port --sockets --symbols --of [--prefix --seed --zipf --warm --seconds --patience
// --poll-us --pids]`. Standard input gives a request target per socket; its end ends the run. Events on standard
// output: `subscribed` (every socket has its answer: the feed may start), then `measured` or `failed`.
int fan_out(Arguments arguments);
