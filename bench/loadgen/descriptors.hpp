// May this process hold so many sockets?
#pragma once

#include "arguments.hpp"

// Raises the limit as far as it may be raised; BadArgument with what to do where that is not enough.
void allow_sockets(int sockets);
