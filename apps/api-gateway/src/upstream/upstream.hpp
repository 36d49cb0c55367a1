#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sallyport/api_gateway/config.hpp"
#include "sallyport/core/random.hpp"
#include "sallyport/net/connection_pool.hpp"

namespace sallyport::api_gateway {

/// What all event loops together know of an upstream. Thread-safe.
struct UpstreamShared {
  /// Throws std::runtime_error when its ca_file cannot be used.
  explicit UpstreamShared(const UpstreamConfig& settings);
  const UpstreamConfig& config;
  const std::shared_ptr<const net::ClientTls> tls;  ///< null: plain
  std::atomic<std::uint32_t> in_flight{0};
};

/// One address of an upstream, as one event loop sees it.
struct UpstreamHost {
  std::string label;  ///< "address:port", for the log
  std::shared_ptr<net::ConnectionPool> pool;
  std::uint32_t outstanding = 0;
};

/// A place among the upstream's `max_in_flight`, and a request counted at one of its hosts. Gives both back.
class InFlight final {
 public:
  InFlight() noexcept = default;
  InFlight(InFlight&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)), host_(std::move(other.host_)) {}
  InFlight& operator=(InFlight&& other) noexcept;
  ~InFlight() { release(); }

  explicit operator bool() const noexcept { return shared_ != nullptr; }
  void at(std::shared_ptr<UpstreamHost> host) noexcept;
  void release() noexcept;

 private:
  friend class Upstream;
  explicit InFlight(UpstreamShared& shared) noexcept : shared_(&shared) {}
  UpstreamShared* shared_ = nullptr;
  std::shared_ptr<UpstreamHost> host_;
};

/// A service behind the gateway, as one event loop sees it: its hosts, their connections, and the choice among them.
class Upstream final {
 public:
  Upstream(UpstreamShared& shared, runtime::Executor executor, net::Sweeper& sweeper, net::BufferPool& buffers,
           Random& random);

  const UpstreamConfig& config() const noexcept { return shared_.config; }
  /// A place, or an empty one when `max_in_flight` requests are under way.
  InFlight admit() noexcept;
  /// The host with fewer requests of two taken at random; never `not_this` when there is another. Null without hosts.
  std::shared_ptr<UpstreamHost> pick(const UpstreamHost* not_this) noexcept;
  /// The addresses that the upstream's names stand for now; connections to those that stay are kept.
  void set_addresses(const std::vector<asio::ip::tcp::endpoint>& endpoints);
  const std::vector<std::shared_ptr<UpstreamHost>>& hosts() const noexcept { return hosts_; }

 private:
  UpstreamShared& shared_;
  runtime::Executor executor_;
  net::Sweeper& sweeper_;
  net::BufferPool& buffers_;
  Random& random_;
  std::vector<std::shared_ptr<UpstreamHost>> hosts_;
};

}  // namespace sallyport::api_gateway
