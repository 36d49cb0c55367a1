#include "sallyport/net/server.hpp"

#include <cstring>
#include <ctime>
#include <stdexcept>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "connection.hpp"

namespace sallyport::net {

using runtime::into;
using runtime::Task;

namespace {

constexpr std::chrono::milliseconds kTick{250};
constexpr std::size_t kSlotsKept = 256;
constexpr std::size_t kStreamBuffersKept = 32;
constexpr int kBacklog = 4096;

IpAddress to_ip(const asio::ip::address& address) {
  return address.is_v4() ? IpAddress::v4(address.to_v4().to_bytes()) : IpAddress::v6(address.to_v6().to_bytes());
}

}  // namespace

std::size_t ConnectionBudget::Hash::operator()(const IpAddress& address) const noexcept {
  const auto& bytes = address.bytes();
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

bool ConnectionBudget::take(const IpAddress& address) {
  const std::lock_guard lock(mutex_);
  if (open_.load(std::memory_order_relaxed) >= max_) return false;
  std::uint32_t& count = by_address_[address.masked_v6(ipv6_prefix_)];
  if (count >= per_address_max_) return false;
  ++count;
  open_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void ConnectionBudget::give_back(const IpAddress& address) noexcept {
  const std::lock_guard lock(mutex_);
  open_.fetch_sub(1, std::memory_order_relaxed);
  const auto found = by_address_.find(address.masked_v6(ipv6_prefix_));
  if (found != by_address_.end() && --found->second == 0) by_address_.erase(found);
}

int open_listener(ListenPoint& point) {
  const auto& bytes = point.address.bytes();
  sockaddr_storage storage{};
  socklen_t size = 0;
  if (point.address.is_v4()) {
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(point.port);
    std::memcpy(&v4->sin_addr, bytes.data() + 12, 4);
    size = sizeof *v4;
  } else {
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(point.port);
    std::memcpy(&v6->sin6_addr, bytes.data(), 16);
    size = sizeof *v6;
  }
  const int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  const bool bound = fd >= 0 && ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                     ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 &&
                     (point.address.is_v4() || ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
                     ::bind(fd, address, size) == 0 && ::listen(fd, kBacklog) == 0 &&
                     ::getsockname(fd, address, &size) == 0;
  if (!bound) {
    const int error = errno;
    if (fd >= 0) ::close(fd);
    throw std::runtime_error(fmt::format("cannot listen on {}{}{}:{}: {}", point.address.is_v4() ? "" : "[",
                                         point.address.to_string(), point.address.is_v4() ? "" : "]", point.port,
                                         std::strerror(error)));
  }
  point.port = ntohs(point.address.is_v4() ? reinterpret_cast<sockaddr_in*>(&storage)->sin_port
                                           : reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port);
  return fd;
}

Server::Server(runtime::Executor executor, const Clock& clock, const ServerLimits& limits, ConnectionBudget& budget,
               Application& application, log::Logger& logger)
    : executor_(executor),
      clock_(clock),
      limits_(limits),
      budget_(budget),
      application_(application),
      logger_(logger),
      sweeper_(executor, clock, kTick),
      stream_buffers_(kStreamBytes, kStreamBuffersKept),
      accepting_(executor, 64,
                 [&logger](const std::exception_ptr&) { logger.write(log::Level::Critical, "acceptor_failed"); }),
      serving_(executor, limits.connections_max,
               [&logger](const std::exception_ptr&) { logger.write(log::Level::Error, "connection_failed"); }) {}

Server::~Server() = default;

void Server::listen(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  const auto protocol = name.ss_family == AF_INET ? asio::ip::tcp::v4() : asio::ip::tcp::v6();
  acceptors_.push_back(std::make_unique<runtime::TcpAcceptor>(executor_, protocol, fd));
  accepting_.spawn(accept_loop(acceptors_.size() - 1));
}

Task<> Server::accept_loop(std::size_t index) {
  runtime::TcpAcceptor& acceptor = *acceptors_[index];
  runtime::Timer pause(executor_);
  while (!stopping_) {
    ErrorCodeSys ec;
    runtime::TcpSocket socket = co_await acceptor.async_accept(into(ec));
    if (!ec) {
      start(std::move(socket));
    } else if (ec != asio::error::operation_aborted && ec != asio::error::connection_aborted && !stopping_) {
      // Out of file descriptors or memory: trying at once again would only burn the processor.
      logger_.write(log::Level::Warn, "accept_failed", {{"error", std::string_view(ec.message())}});
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(into(ec));
    }
  }
}

void Server::start(runtime::TcpSocket socket) {
  ErrorCodeSys ec;
  const auto remote = socket.remote_endpoint(ec);
  if (ec) return;
  const IpAddress peer = to_ip(remote.address());
  if (!budget_.take(peer)) return;  // closing says it cheapest
  socket.non_blocking(true, ec);
  socket.set_option(asio::ip::tcp::no_delay(true), ec);
  bool owned = false;  // a connection gives its place back itself
  try {
    auto connection = std::make_unique<Connection>(*this, std::move(socket), peer);
    owned = true;
    serving_.spawn(Connection::run(std::move(connection)));
  } catch (const std::bad_alloc&) {
    logger_.write(log::Level::Error, "connection_failed");
  }
  if (!owned) budget_.give_back(peer);
}

void Server::stop_accepting() {
  stopping_ = true;
  ErrorCodeSys ignored;
  for (auto& acceptor : acceptors_) acceptor->close(ignored);
  sweeper_.sweep();
}

void Server::abort_connections() {
  aborting_ = true;
  sweeper_.sweep();
}

Task<> Server::join() {
  co_await accepting_.join();
  co_await serving_.join();
}

std::unique_ptr<RequestSlot> Server::lease_slot() {
  if (slots_.empty()) return std::make_unique<RequestSlot>(application_.make_exchange());
  auto slot = std::move(slots_.back());
  slots_.pop_back();
  slot->begin = slot->end = 0;
  return slot;
}

void Server::give_back(std::unique_ptr<RequestSlot> slot) {
  // A slot that grew for a large head is not kept: the pool's memory stays what it is.
  if (slots_.size() < kSlotsKept && slot->capacity == kInputBytes) slots_.push_back(std::move(slot));
}

std::string_view Server::date_line() {
  const std::int64_t second =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.wall_now().time_since_epoch()).count();
  if (second != date_second_) {
    date_second_ = second;
    const std::time_t time = second;
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    char text[64];
    const std::size_t n = std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    date_line_.assign(text, n);
  }
  return date_line_;
}

}  // namespace sallyport::net
