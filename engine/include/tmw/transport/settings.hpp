// Where does an engine find its addresses, keys and journal? In the settings that the middleware's `up` gives its
// parts.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tmw/transport/sockets.hpp"

namespace tmw {

struct EngineSettings {
  EngineAddresses addresses;
  std::filesystem::path directory;  ///< of the journal
  std::filesystem::path keys;
  bool forget = false;  ///< set the journal aside and start empty
};

namespace detail {

inline std::string setting(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

}  // namespace detail

/// TMW_ENGINE_MARKET_DATA, _COMMANDS, _QUERIES, _WORK; TMW_DATA_DIR (else `var`), TMW_KEYS_DIR (else its `keys`).
inline EngineSettings settings_from_environment() {
  const std::filesystem::path data = detail::setting("TMW_DATA_DIR", "var");
  EngineSettings settings;
  settings.addresses = {detail::setting("TMW_ENGINE_MARKET_DATA", "tcp://127.0.0.1:5570"),
                        detail::setting("TMW_ENGINE_COMMANDS", "tcp://127.0.0.1:5571"),
                        detail::setting("TMW_ENGINE_QUERIES", "tcp://127.0.0.1:5572"),
                        detail::setting("TMW_ENGINE_WORK", "tcp://127.0.0.1:5573")};
  settings.directory = data / "engine";
  settings.keys = detail::setting("TMW_KEYS_DIR", (data / "keys").string());
  return settings;
}

}  // namespace tmw
