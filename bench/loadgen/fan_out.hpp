// Many sockets, each following some symbols: does every update arrive, how late, and what does it cost the servers?
#pragma once

#include "arguments.hpp"

// Returns the exit code. `--dialect --port --sockets --symbols (--of [--prefix] | --names) [--host --books --stalled
// --idle --seed --zipf --warm --seconds --patience --poll-us --clock-ahead-us --pids --tell]`. Standard input gives a
// request target per socket; its end ends the run. Events on standard output: `subscribed` (every socket has its
// answer: the feed may start), then `measured` or `failed`; with `--tell 1` also `progress`.
int fan_out(Arguments arguments);
