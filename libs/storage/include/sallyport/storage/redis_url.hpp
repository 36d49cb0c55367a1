#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sallyport/core/error.hpp"
#include "sallyport/core/secret.hpp"

namespace sallyport::storage {

/// Where a Redis server is and how to log in. Forms:
///   redis://[user[:password]@]host[:port][/db]      rediss://… the same over TLS
///   unix://[user[:password]@]/path/to.sock[?db=N]
/// Percent-encoding is decoded in user and password. For rediss: ?ca=FILE&cert=FILE&key=FILE.
struct RedisUrl {
  enum class Transport : std::uint8_t { Tcp, Tls, Unix };
  Transport transport = Transport::Tcp;
  std::string host;  ///< for Unix: the socket's path
  std::uint16_t port = 6379;
  std::uint32_t database = 0;
  std::string user;  ///< empty: the default user
  Secret<std::string> password;
  std::string ca_file, certificate_file, private_key_file;

  /// The error's detail never contains the password.
  static Result<RedisUrl> parse(std::string_view text);
  /// "host:port" or the socket's path: for messages.
  std::string endpoint() const;
  bool is_loopback() const noexcept;
};

}  // namespace sallyport::storage
