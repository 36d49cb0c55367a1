#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/ip_address.hpp"
#include "sallyport/net/buffer.hpp"
#include "sallyport/net/exchange.hpp"
#include "sallyport/net/sweeper.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/runtime/task.hpp"
#include "sallyport/runtime/task_scope.hpp"

namespace sallyport::net {

struct ServerLimits {
  std::uint32_t connections_max = 16000;             ///< of the whole process
  std::uint32_t connections_per_address_max = 4000;  ///< of the whole process
  std::uint32_t requests_per_connection_max = 1000;
  std::chrono::milliseconds head_timeout{10000};  ///< from the first byte of a head to its last
  std::chrono::milliseconds keep_alive_timeout{60000};
  std::chrono::milliseconds body_idle_timeout{30000};
  std::chrono::milliseconds write_stall_timeout{30000};
  std::uint32_t body_rate_min = 500;  ///< bytes a second, after the first 5 s
  std::chrono::milliseconds connection_age_max{3600000};
};

/// Counts open connections of all event loops together. Thread-safe; touched only when a connection opens or closes.
/// An IPv6 client is its network of `ipv6_prefix` bits: it has more addresses than could be counted.
class ConnectionBudget final {
 public:
  ConnectionBudget(std::uint32_t max, std::uint32_t per_address_max, unsigned ipv6_prefix = 64)
      : max_(max), per_address_max_(per_address_max), ipv6_prefix_(ipv6_prefix) {}
  bool take(const IpAddress& address);
  void give_back(const IpAddress& address) noexcept;
  std::uint32_t open() const noexcept { return open_.load(std::memory_order_relaxed); }

 private:
  struct Hash {
    std::size_t operator()(const IpAddress& address) const noexcept;
  };
  const std::uint32_t max_;
  const std::uint32_t per_address_max_;
  const unsigned ipv6_prefix_;
  std::atomic<std::uint32_t> open_{0};
  std::mutex mutex_;
  std::unordered_map<IpAddress, std::uint32_t, Hash> by_address_;
};

/// A listening address with one socket for each event loop (SO_REUSEPORT): the kernel spreads the connections.
struct ListenPoint {
  IpAddress address;
  std::uint16_t port = 0;
};

/// Opens and binds, does not accept yet. Port 0 takes any free port and writes it back into `point`.
/// Throws std::runtime_error naming the address.
int open_listener(ListenPoint& point);

struct RequestSlot;
class Connection;

/// Serves HTTP/1.1 on one event loop: accepts, guards, hands each request to the application, writes its answer.
class Server final {
 public:
  Server(runtime::Executor executor, const Clock& clock, const ServerLimits& limits, ConnectionBudget& budget,
         Application& application, log::Logger& logger);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Takes over a listening socket and starts to accept on it.
  void listen(int fd);
  /// Every answer from now on closes its connection; accepting goes on.
  void begin_drain() noexcept { draining_ = true; }
  /// Closes the listeners and all idle connections.
  void stop_accepting();
  /// Ends the connections that are still there, whatever they do.
  void abort_connections();
  /// Waits until no connection is left. After stop_accepting().
  runtime::Task<> join();

  std::size_t connections() const noexcept { return connections_; }

 private:
  friend class Connection;
  friend class RequestBody;
  runtime::Task<> accept_loop(std::size_t index);
  void start(runtime::TcpSocket socket);
  std::unique_ptr<RequestSlot> lease_slot();
  void give_back(std::unique_ptr<RequestSlot> slot);
  std::string_view date_line();  ///< "Date: …\r\n", made once a second

  runtime::Executor executor_;
  const Clock& clock_;
  const ServerLimits limits_;
  ConnectionBudget& budget_;
  Application& application_;
  log::Logger& logger_;
  Sweeper sweeper_;
  std::vector<std::unique_ptr<RequestSlot>> slots_;
  BufferPool stream_buffers_;
  BufferPool::Buffer waste_;
  std::vector<std::unique_ptr<runtime::TcpAcceptor>> acceptors_;
  std::size_t connections_ = 0;
  std::size_t held_slots_ = 0;
  std::string date_line_;
  std::int64_t date_second_ = 0;
  bool draining_ = false;
  bool stopping_ = false;
  bool aborting_ = false;
  runtime::TaskScope accepting_;
  runtime::TaskScope serving_;
};

}  // namespace sallyport::net
