#include "sallyport/net/connection_pool.hpp"

namespace sallyport::net {

using runtime::Task;

ConnectionPool::ConnectionPool(runtime::Executor executor, Sweeper& sweeper, BufferPool& buffers,
                               asio::ip::tcp::endpoint endpoint, ConnectionPoolOptions options,
                               std::shared_ptr<const ClientTls> tls)
    : SweepEntry(sweeper),
      executor_(executor),
      sweeper_(sweeper),
      buffers_(buffers),
      endpoint_(std::move(endpoint)),
      options_(options),
      tls_(std::move(tls)) {}

ConnectionPool::~ConnectionPool() = default;

std::unique_ptr<ClientConnection> ConnectionPool::take(std::chrono::milliseconds rested_max) {
  while (!idle_.empty()) {
    // The warmest: when it has rested for too long, all others have too, which is no reason to drop them.
    if (sweeper_.clock().coarse_now() - idle_.back()->rested_since() > rested_max) return nullptr;
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    // Closed meanwhile, or with bytes that nobody asked for: those would become the next client's answer.
    if (!connection->stale()) return connection;
  }
  return nullptr;
}

Task<Result<std::unique_ptr<ClientConnection>>> ConnectionPool::connect(Deadline deadline, Abortable*& waiting_on) {
  auto connection = std::make_unique<ClientConnection>(executor_, sweeper_, buffers_);
  waiting_on = connection.get();
  deadline = deadline.sooner(Deadline::after(sweeper_.clock().coarse_now(), options_.connect_timeout));
  auto connected = tls_ ? co_await connection->connect(endpoint_, *tls_, deadline)
                        : co_await connection->connect(endpoint_, deadline);
  waiting_on = nullptr;
  if (!connected) co_return std::unexpected(std::move(connected.error()));
  co_return connection;
}

void ConnectionPool::give_back(std::unique_ptr<ClientConnection> connection) {
  if (!connection->reusable() || options_.idle_max == 0) return;
  connection->rest(sweeper_.clock().coarse_now());
  if (idle_.size() >= options_.idle_max) idle_.pop_front();
  idle_.push_back(std::move(connection));
}

void ConnectionPool::sweep(SteadyTime now) noexcept {
  while (!idle_.empty()) {
    const ClientConnection& oldest = *idle_.front();
    const auto hint = oldest.keep_alive_hint();
    const auto limit = hint.count() > 0 ? std::min(hint, options_.idle_timeout) : options_.idle_timeout;
    if (now - oldest.rested_since() < limit) return;
    idle_.pop_front();
  }
}

}  // namespace sallyport::net
