#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/testing/certificates.hpp"
#include "sallyport/testing/child_process.hpp"
#include "sallyport/testing/temporary_folder.hpp"

namespace sallyport::testing {

struct PostgresServerOptions {
  std::string password = {};                   ///< of user postgres over TCP; empty: everybody is trusted
  const Certificates* certificates = nullptr;  ///< set: the port speaks TLS as well
  unsigned connections_max = 40;
  std::vector<std::string> settings = {};  ///< more "name=value" for postgresql.conf
};

/// A private PostgreSQL 15 on a free loopback port and a unix socket, in a temporary folder, without fsync: what was
/// committed outlives kill(), not a crash of the machine. Making one takes over a second: one for a test program.
/// PostgreSQL refuses to run as root, so then it becomes user postgres. The constructor returns when it answers, and
/// throws std::runtime_error with its log when it does not.
class PostgresServer final {
 public:
  explicit PostgresServer(PostgresServerOptions options = {});
  ~PostgresServer();

  std::uint16_t port() const noexcept { return port_; }
  std::string socket_folder() const { return folder_.path().string(); }
  /// postgresql://postgres@127.0.0.1:port/database, through another port when one is given (a TcpGate's).
  std::string url(std::string_view database = "postgres", std::uint16_t port = 0) const;
  /// Makes an empty database of a name not used before, and returns the name.
  std::string create_database();

  void stop();     ///< SIGINT (connections are ended), and waits
  void kill();     ///< SIGKILL, the server's children too, and waits
  void suspend();  ///< SIGSTOP, the server's children too
  void resume();   ///< SIGCONT
  void restart();  ///< starts again on the same port with what was committed; stops it before if it runs

  /// Runs SQL with psql over the unix socket as user postgres; returns the unaligned rows, one a line.
  std::string query(const std::string& sql, std::string_view database = "postgres") const;

 private:
  std::vector<std::string> as_server_user(std::vector<std::string> arguments) const;
  void initialise();
  void start();
  void signal_all(int number);

  PostgresServerOptions options_;
  TemporaryFolder folder_;
  std::uint16_t port_ = 0;
  unsigned databases_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace sallyport::testing
