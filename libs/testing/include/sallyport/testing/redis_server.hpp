#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sallyport/testing/certificates.hpp"
#include "sallyport/testing/child_process.hpp"
#include "sallyport/testing/temporary_folder.hpp"

namespace sallyport::testing {

struct RedisServerOptions {
  std::string password = {};                   ///< of the default user; empty: none
  std::string user = {}, user_password = {};   ///< one more ACL user, who may do everything
  const Certificates* certificates = nullptr;  ///< set: the port speaks TLS
  std::string maxmemory = {};                  ///< "2mb"; with maxmemory-policy noeviction
  std::vector<std::string> directives = {};    ///< more lines for redis.conf
};

/// A private redis-server on a free loopback port and a unix socket, in a temporary folder, without persistence.
/// The constructor returns when it answers, and throws std::runtime_error with its log when it does not.
class RedisServer final {
 public:
  explicit RedisServer(RedisServerOptions options = {});
  ~RedisServer();

  std::uint16_t port() const noexcept { return port_; }
  std::string socket_path() const { return folder_.file("redis.sock"); }
  /// redis:// or rediss:// (with the CA) at 127.0.0.1, with the default user's password if there is one.
  std::string url() const;

  void stop();     ///< SIGTERM, and waits
  void kill();     ///< SIGKILL, and waits
  void suspend();  ///< SIGSTOP; returns when it stands still
  void resume();   ///< SIGCONT
  void restart();  ///< starts again on the same port with an empty keyspace; stops it before if it runs

  /// Runs one command with redis-cli over the unix socket and returns its output without the last line end.
  std::string command(std::vector<std::string> words) const;

 private:
  std::string configuration() const;
  void start();
  bool answers() const;

  RedisServerOptions options_;
  TemporaryFolder folder_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace sallyport::testing
