// With which key does the engine prove itself, and whose keys does it let in? Files of the middleware's key directory.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <zmq.hpp>

#include "tmw/transport/fault.hpp"

namespace tmw {

inline constexpr std::size_t key_characters = 40;
inline constexpr std::string_view engine_role = "engine", engine_domain = "engine";
/// Who may connect to an engine.
inline constexpr std::array<std::string_view, 3> admitted_roles{"order-bridge", "feed-bridge", "recorder"};

/// `<role>.public` and `<role>.secret` in one directory; an engine needs its own secret and its peers' public keys.
class KeyRing {
 public:
  explicit KeyRing(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// 40 Z85 characters.
  std::string public_key(std::string_view role) const { return read(std::string(role) + ".public"); }
  std::string secret_key(std::string_view role) const { return read(std::string(role) + ".secret"); }

  /// Whose key these 32 bytes are, of those that may connect now: `<role>.public` and `<role>.<word>.public`, without
  /// what the file `revoked` names. Empty = nobody's.
  std::string role_of(const std::string& bytes) const {
    std::array<char, key_characters + 1> text{};
    if (bytes.size() != 32) return {};
    zmq_z85_encode(text.data(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    const std::string key(text.data());
    if (is_revoked(key)) return {};
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(directory_, none)) {
      const std::string role = role_of_file(entry.path().filename().string());
      if (!role.empty() && first_word(entry.path()) == key) return role;
    }
    return {};
  }

  /// Makes `socket` a CURVE server of the engine's domain; before bind, behind a running `Gatekeeper`.
  void serve(zmq::socket_t& socket) const {
    socket.set(zmq::sockopt::curve_server, 1);
    introduce(socket, engine_role);
    socket.set(zmq::sockopt::zap_domain, std::string(engine_domain));
  }

  /// Makes `socket` a CURVE client of the engine: for tests and benches.
  void connect(zmq::socket_t& socket, std::string_view own) const {
    introduce(socket, own);
    socket.set(zmq::sockopt::curve_serverkey, public_key(engine_role));
  }

 private:
  void introduce(zmq::socket_t& socket, std::string_view role) const {
    const std::string secret = secret_key(role);
    std::array<char, key_characters + 1> derived{};
    zmq_curve_public(derived.data(), secret.c_str());
    socket.set(zmq::sockopt::curve_secretkey, secret);
    socket.set(zmq::sockopt::curve_publickey, std::string(derived.data()));
  }

  /// The admitted role whose public key the file holds; empty = it is another file.
  static std::string role_of_file(const std::string& name) {
    constexpr std::string_view ending = ".public";
    if (name.size() < ending.size() || name.substr(name.size() - ending.size()) != ending) return {};
    const std::string role = name.substr(0, name.find('.'));
    return std::find(admitted_roles.begin(), admitted_roles.end(), role) == admitted_roles.end() ? std::string() : role;
  }

  static std::string first_word(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string word;
    file >> word;
    return word;
  }

  bool is_revoked(const std::string& key) const {
    std::ifstream file(directory_ / "revoked", std::ios::binary);
    for (std::string line; std::getline(file, line);)
      if (line.substr(0, line.find_first_of(" \t\r")) == key) return true;
    return false;
  }

  std::string read(const std::string& name) const {
    const std::filesystem::path path = directory_ / name;
    const std::string key = first_word(path);
    std::array<std::uint8_t, 32> bytes{};
    if (key.empty()) throw EngineFault("The CURVE key file " + path.string() + " cannot be read.");
    if (key.size() != key_characters || zmq_z85_decode(bytes.data(), key.c_str()) == nullptr)
      throw EngineFault("The CURVE key file " + path.string() + " does not hold a key of 40 Z85 characters.");
    return key;
  }

  std::filesystem::path directory_;
};

}  // namespace tmw
