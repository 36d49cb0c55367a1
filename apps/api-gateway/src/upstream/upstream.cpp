#include "upstream/upstream.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace sallyport::api_gateway {

UpstreamShared::UpstreamShared(const UpstreamConfig& settings)
    : config(settings),
      tls(settings.tls ? std::make_shared<const net::ClientTls>(settings.server_name, settings.ca_file) : nullptr) {}

InFlight& InFlight::operator=(InFlight&& other) noexcept {
  if (this != &other) {
    release();
    shared_ = std::exchange(other.shared_, nullptr);
    host_ = std::move(other.host_);
  }
  return *this;
}

void InFlight::at(std::shared_ptr<UpstreamHost> host) noexcept {
  if (host_) --host_->outstanding;
  host_ = std::move(host);
  if (host_) ++host_->outstanding;
}

void InFlight::release() noexcept {
  at(nullptr);
  if (shared_ != nullptr) shared_->in_flight.fetch_sub(1, std::memory_order_relaxed);
  shared_ = nullptr;
}

Upstream::Upstream(UpstreamShared& shared, runtime::Executor executor, net::Sweeper& sweeper, net::BufferPool& buffers,
                   Random& random)
    : shared_(shared), executor_(executor), sweeper_(sweeper), buffers_(buffers), random_(random) {}

InFlight Upstream::admit() noexcept {
  if (shared_.in_flight.fetch_add(1, std::memory_order_relaxed) >= shared_.config.max_in_flight) {
    shared_.in_flight.fetch_sub(1, std::memory_order_relaxed);
    return {};
  }
  return InFlight(shared_);
}

std::shared_ptr<UpstreamHost> Upstream::pick(const UpstreamHost* not_this) noexcept {
  const std::size_t n = hosts_.size();
  if (n == 0) return nullptr;
  if (n == 1) return hosts_.front();
  const std::uint64_t dice = random_.next();
  std::size_t a = static_cast<std::size_t>(dice >> 32U) % n;
  std::size_t b = static_cast<std::size_t>(dice & 0xffffffffU) % (n - 1);
  if (b >= a) ++b;
  if (hosts_[a].get() == not_this) return hosts_[b];
  if (hosts_[b].get() == not_this) return hosts_[a];
  return hosts_[b]->outstanding < hosts_[a]->outstanding ? hosts_[b] : hosts_[a];
}

void Upstream::set_addresses(const std::vector<asio::ip::tcp::endpoint>& endpoints) {
  std::vector<std::shared_ptr<UpstreamHost>> fresh;
  for (const auto& endpoint : endpoints) {
    const auto same = [&endpoint](const auto& host) { return host->pool->endpoint() == endpoint; };
    if (std::ranges::any_of(fresh, same)) continue;
    if (const auto known = std::ranges::find_if(hosts_, same); known != hosts_.end()) {
      fresh.push_back(*known);
      continue;
    }
    net::ConnectionPoolOptions options;
    options.connect_timeout = config().connect_timeout;
    options.idle_max = config().idle_connections_max;
    auto host = std::make_shared<UpstreamHost>();
    host->label = fmt::format("{}{}{}:{}", endpoint.address().is_v6() ? "[" : "", endpoint.address().to_string(),
                              endpoint.address().is_v6() ? "]" : "", endpoint.port());
    host->pool = std::make_shared<net::ConnectionPool>(executor_, sweeper_, buffers_, endpoint, options, shared_.tls);
    fresh.push_back(std::move(host));
  }
  hosts_ = std::move(fresh);
}

}  // namespace sallyport::api_gateway
