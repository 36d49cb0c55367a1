#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>

#include "sallyport/net/client_connection.hpp"
#include "sallyport/net/client_tls.hpp"

namespace sallyport::net {

struct ConnectionPoolOptions {
  std::chrono::milliseconds connect_timeout{1000};
  std::chrono::milliseconds idle_timeout{30000};
  std::size_t idle_max = 64;
};

/// Connections to one server, kept alive for reuse, the warmest first. Lives on one thread. Connections that are out
/// keep their pool alive by shared_ptr.
class ConnectionPool final : public SweepEntry {
 public:
  /// tls: null for plain connections.
  ConnectionPool(runtime::Executor executor, Sweeper& sweeper, BufferPool& buffers, asio::ip::tcp::endpoint endpoint,
                 ConnectionPoolOptions options, std::shared_ptr<const ClientTls> tls = nullptr);
  ~ConnectionPool() override;

  /// A connection that rested at most `rested_max` and still stands, or null.
  std::unique_ptr<ClientConnection> take(std::chrono::milliseconds rested_max);
  /// A new one; the error tells whether the server refused or was silent. Nothing was sent in either case.
  runtime::Task<Result<std::unique_ptr<ClientConnection>>> connect(Deadline deadline, Abortable*& waiting_on);
  /// Takes back what can be used again and drops what cannot.
  void give_back(std::unique_ptr<ClientConnection> connection);

  const asio::ip::tcp::endpoint& endpoint() const noexcept { return endpoint_; }
  std::size_t idle() const noexcept { return idle_.size(); }
  void sweep(SteadyTime now) noexcept override;

 private:
  runtime::Executor executor_;
  Sweeper& sweeper_;
  BufferPool& buffers_;
  asio::ip::tcp::endpoint endpoint_;
  ConnectionPoolOptions options_;
  std::shared_ptr<const ClientTls> tls_;
  std::deque<std::unique_ptr<ClientConnection>> idle_;  ///< the longest rested first
};

}  // namespace sallyport::net
