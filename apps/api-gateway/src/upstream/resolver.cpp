#include "upstream/resolver.hpp"

#include <ares.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/ip/address.hpp>

#include "sallyport/core/ascii.hpp"
#include "sallyport/core/assert.hpp"
#include "sallyport/core/clock.hpp"
#include "sallyport/core/random.hpp"

namespace sallyport::api_gateway {
namespace {

namespace ip = boost::asio::ip;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Endpoint = ip::tcp::endpoint;

constexpr int kTriesPerServer = 2;

/// IPv4-mapped IPv6 becomes the IPv4 address, so that the two forms are one host.
ip::address canonical(const ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return ip::make_address_v4(ip::v4_mapped, address.to_v6());
}

std::optional<ip::address> literal(const std::string& host) {
  boost::system::error_code ec;
  const auto address = ip::make_address(host, ec);
  if (ec) return std::nullopt;
  return canonical(address);
}

/// A connection to 0.0.0.0 or :: reaches this very machine, which is what blocking name servers answer; multicast and
/// broadcast name no host at all.
bool is_host(const ip::address& address) {
  if (address.is_unspecified() || address.is_multicast()) return false;
  return !address.is_v4() || address.to_v4() != ip::address_v4::broadcast();
}

std::optional<ip::address> address_of(const ares_addrinfo_node& node) {
  if (node.ai_family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(node.ai_addr);
    return ip::address_v4(ntohl(in->sin_addr.s_addr));
  }
  if (node.ai_family == AF_INET6) {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(node.ai_addr);
    ip::address_v6::bytes_type bytes;
    std::ranges::copy(in->sin6_addr.s6_addr, bytes.begin());
    return canonical(ip::address_v6(bytes));
  }
  return std::nullopt;
}

void check_server(const std::string& server) {
  const auto colon = server.rfind(':');
  const std::string_view text = server;
  bool good = false;
  if (colon != std::string::npos) {
    const std::string_view digits = text.substr(colon + 1);
    std::string_view host = text.substr(0, colon);
    const bool brackets = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
    if (brackets) host = host.substr(1, host.size() - 2);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    boost::system::error_code ec;
    const auto address = ip::make_address(std::string(host), ec);
    good =
        error == std::errc{} && end == digits.data() + digits.size() && port != 0 && !ec && address.is_v6() == brackets;
  }
  if (!good) throw std::invalid_argument("resolver: expected address:port, such as 10.0.0.2:53 or [::1]:53");
}

/// Not for use by several threads at once in the library itself, hence once for the process.
void initialise_library() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  if (status != ARES_SUCCESS) throw std::runtime_error(ares_strerror(status));
}

struct Answer {
  int status = ARES_ECANCELLED;
  std::vector<ip::address> addresses;  ///< sorted, without duplicates, at most kAddressesPerNameMax
  std::size_t left_out = 0;
  std::optional<std::chrono::seconds> ttl;  ///< none: from the hosts file
};

/// One look-up with a channel, and so sockets and source ports, of its own: a forger has to guess anew each time, and
/// resolv.conf is read as it is now.
class Lookup final {
 public:
  Lookup(std::size_t name, const std::string& host, const UpstreamResolver::Options& options)
      : name_(name), deadline_(steady_clock::now() + kLookupLimit) {
    if (const int status = open(options); status != ARES_SUCCESS) {
      answer_.status = status;
      done_ = true;
      return;
    }
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    // The library would sort by connecting a socket to each address of an answer as long as its sender likes.
    hints.ai_flags = ARES_AI_NOSORT;
    calling_ = true;
    ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, &Lookup::on_answer, this);
    calling_ = false;
  }
  ~Lookup() {
    if (channel_ != nullptr) ares_destroy(channel_);
  }
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  std::size_t name() const noexcept { return name_; }
  bool done() const noexcept { return done_; }
  const Answer& answer() const noexcept { return answer_; }

  /// Adds what to wait for; returns for how long at most.
  milliseconds prepare(std::vector<pollfd>& fds) {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const auto bits = static_cast<unsigned>(ares_getsock(channel_, sockets.data(), ARES_GETSOCK_MAXNUM));
    first_ = fds.size();
    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
      short events = 0;
      if ((bits & (1U << i)) != 0) events |= POLLIN;
      if ((bits & (1U << (i + ARES_GETSOCK_MAXNUM))) != 0) events |= POLLOUT;
      if (events != 0) fds.push_back({.fd = sockets[i], .events = events, .revents = 0});
    }
    count_ = fds.size() - first_;
    const auto left = std::chrono::ceil<milliseconds>(deadline_ - steady_clock::now());
    timeval limit{.tv_sec = 60, .tv_usec = 0};
    timeval result{};
    const timeval* next = ares_timeout(channel_, &limit, &result);
    const milliseconds timeout(next->tv_sec * 1000 + (next->tv_usec + 999) / 1000);
    return std::clamp(timeout, milliseconds(0), std::max(left, milliseconds(0)));
  }

  /// After the wait: reads answers, repeats what has timed out.
  void advance(std::span<const pollfd> fds) {
    for (const pollfd& fd : fds.subspan(first_, count_)) {
      const bool readable = (fd.revents & (POLLIN | POLLERR | POLLHUP)) != 0;
      const bool writable = (fd.revents & (POLLOUT | POLLERR | POLLHUP)) != 0 && (fd.events & POLLOUT) != 0;
      if (!readable && !writable) continue;
      ares_process_fd(channel_, readable ? fd.fd : ARES_SOCKET_BAD, writable ? fd.fd : ARES_SOCKET_BAD);
      if (done_) return;
    }
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    // Cancelled with one family answered, the look-up succeeds with that one.
    if (!done_ && steady_clock::now() >= deadline_) ares_cancel(channel_);
  }

 private:
  int open(const UpstreamResolver::Options& options) {
    std::array<char, 3> lookups{'f', 'b', '\0'};  // the hosts file, then the servers
    ares_options settings{};
    settings.timeout = static_cast<int>(options.query_timeout.count());
    settings.tries = kTriesPerServer;
    settings.lookups = lookups.data();
    int status = ares_init_options(&channel_, &settings, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS);
    if (status != ARES_SUCCESS) {
      channel_ = nullptr;
      return status;
    }
    if (!options.server.empty()) status = ares_set_servers_ports_csv(channel_, options.server.c_str());
    return status;
  }

  static void on_answer(void* self, int status, int /*timeouts*/, ares_addrinfo* info) noexcept {
    auto& lookup = *static_cast<Lookup*>(self);
    lookup.done_ = true;
    lookup.answer_.status = status;
    if (status == ARES_SUCCESS && info != nullptr) lookup.take(*info);
    if (info != nullptr) ares_freeaddrinfo(info);
  }

  void take(const ares_addrinfo& info) {
    auto ttl = std::chrono::seconds(std::numeric_limits<std::int32_t>::max());
    auto& addresses = answer_.addresses;
    for (const auto* node = info.nodes; node != nullptr; node = node->ai_next) {
      ttl = std::min(ttl, std::chrono::seconds(node->ai_ttl));
      const auto address = address_of(*node);
      if (address && is_host(*address)) addresses.push_back(*address);
    }
    for (const auto* alias = info.cnames; alias != nullptr; alias = alias->next) {
      ttl = std::min(ttl, std::chrono::seconds(alias->ttl));
    }
    std::ranges::sort(addresses);
    const auto repeated = std::ranges::unique(addresses);
    addresses.erase(repeated.begin(), repeated.end());
    if (addresses.empty()) answer_.status = ARES_ENODATA;
    if (addresses.size() > kAddressesPerNameMax) {
      answer_.left_out = addresses.size() - kAddressesPerNameMax;
      addresses.resize(kAddressesPerNameMax);
    }
    // Only the hosts file answers before the call has returned, and it says 0, as an answer by DNS may too.
    if (!calling_) answer_.ttl = ttl;
  }

  std::size_t name_;
  SteadyTime deadline_;
  ares_channel channel_ = nullptr;
  std::size_t first_ = 0, count_ = 0;  ///< of what prepare() added
  bool calling_ = false;
  bool done_ = false;
  Answer answer_;
};

struct Name {
  enum class State : std::uint8_t { Unknown, Resolved, Failed };
  std::string host;
  std::vector<std::size_t> upstreams;
  std::vector<ip::address> addresses;
  State state = State::Unknown;
  bool in_flight = false;
  SteadyTime due = SteadyTime::min();
  milliseconds retry{0};
};

struct Host {
  std::optional<ip::address> literal;
  std::size_t name = 0;  ///< unless literal
  std::uint16_t port = 0;
};

struct Group {
  std::string upstream;
  std::vector<Host> hosts;
  std::optional<std::vector<Endpoint>> published;
};

}  // namespace

class UpstreamResolver::Impl final {
 public:
  Impl(const std::vector<UpstreamConfig>& upstreams, Options options, log::Logger& logger, Publish publish)
      : options_(std::move(options)), logger_(logger), publish_(std::move(publish)) {
    SALLYPORT_ASSERT(options_.ttl_min.count() > 0 && options_.ttl_min <= options_.ttl_max);
    SALLYPORT_ASSERT(options_.ttl_unknown.count() > 0 && options_.query_timeout.count() > 0);
    SALLYPORT_ASSERT(options_.retry_min.count() > 0 && options_.retry_min <= options_.retry_max);
    if (!options_.server.empty()) check_server(options_.server);
    read(upstreams);
    unanswered_ = names_.size();
    if (names_.empty()) return;
    initialise_library();
    stop_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }

  ~Impl() {
    if (thread_.joinable()) {
      ::eventfd_write(stop_fd_, 1);
      thread_.join();
    }
    if (stop_fd_ >= 0) ::close(stop_fd_);
  }

  void start() {
    SALLYPORT_ASSERT(!started_);
    started_ = true;
    for (std::size_t i = 0; i < groups_.size(); ++i) publish_if_changed(i);
    if (names_.empty()) return;
    thread_ = std::thread(&Impl::run, this);
    std::unique_lock lock(mutex_);
    answered_.wait_for(lock, options_.start_wait, [this] { return unanswered_ == 0; });
  }

 private:
  void read(const std::vector<UpstreamConfig>& upstreams) {
    std::map<std::string, std::size_t> known;
    for (const UpstreamConfig& upstream : upstreams) {
      Group group{.upstream = upstream.name, .hosts = {}, .published = {}};
      for (const HostPort& host : upstream.hosts) {
        group.hosts.push_back({.literal = literal(host.host), .name = 0, .port = host.port});
        if (group.hosts.back().literal) continue;
        const auto [entry, fresh] = known.try_emplace(to_lower(host.host), names_.size());
        if (fresh)
          names_.push_back({.host = entry->first, .upstreams = {}, .addresses = {}, .retry = options_.retry_min});
        group.hosts.back().name = entry->second;
        auto& users = names_[entry->second].upstreams;
        if (users.empty() || users.back() != groups_.size()) users.push_back(groups_.size());
      }
      groups_.push_back(std::move(group));
    }
  }

  void run() {
    // A name server that closes its TCP connection must not end the process: the library writes to it without
    // MSG_NOSIGNAL.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);

    std::vector<pollfd> fds;
    for (;;) {
      SteadyTime next;
      do {
        next = start_due();
      } while (finish_done());  // the hosts file answers at once
      fds.assign(1, {.fd = stop_fd_, .events = POLLIN, .revents = 0});
      wait(fds, next);
      if (fds.front().revents != 0) break;
      for (const auto& lookup : lookups_) lookup->advance(fds);
      finish_done();
    }
    lookups_.clear();
  }

  /// Asks for the names whose time has come, the longest waiting first; returns when the next one's comes.
  SteadyTime start_due() {
    while (lookups_.size() < kLookupsMax) {
      std::size_t first = names_.size();
      for (std::size_t i = 0; i < names_.size(); ++i) {
        if (!names_[i].in_flight && (first == names_.size() || names_[i].due < names_[first].due)) first = i;
      }
      if (first == names_.size()) break;
      if (names_[first].due > steady_clock::now()) return names_[first].due;
      names_[first].in_flight = true;
      lookups_.push_back(std::make_unique<Lookup>(first, names_[first].host, options_));
    }
    return SteadyTime::max();  // the end of a look-up comes first
  }

  void wait(std::vector<pollfd>& fds, SteadyTime next) {
    milliseconds limit(std::numeric_limits<int>::max());
    for (const auto& lookup : lookups_) limit = std::min(limit, lookup->prepare(fds));
    if (next != SteadyTime::max()) limit = std::min(limit, std::chrono::ceil<milliseconds>(next - steady_clock::now()));
    limit = std::max(limit, milliseconds(0));
    // A failed poll (EINTR, ENOMEM) leaves no events; the loop comes round again.
    if (::poll(fds.data(), fds.size(), static_cast<int>(limit.count())) < 0) {
      for (pollfd& fd : fds) fd.revents = 0;
    }
  }

  bool finish_done() {
    const std::size_t before = lookups_.size();
    for (std::size_t i = 0; i < lookups_.size();) {
      if (!lookups_[i]->done()) {
        ++i;
        continue;
      }
      const auto lookup = std::exchange(lookups_[i], std::move(lookups_.back()));
      lookups_.pop_back();
      finish(names_[lookup->name()], lookup->answer());
    }
    return lookups_.size() != before;
  }

  void finish(Name& name, const Answer& answer) {
    const bool first = name.state == Name::State::Unknown;
    name.in_flight = false;
    if (answer.status == ARES_SUCCESS) {
      succeed(name, answer);
    } else {
      fail(name, answer);
    }
    for (const std::size_t upstream : name.upstreams) publish_if_changed(upstream);
    if (!first) return;
    const std::scoped_lock lock(mutex_);
    if (--unanswered_ == 0) answered_.notify_all();
  }

  void succeed(Name& name, const Answer& answer) {
    // Negative: the top bit of the TTL was set, which counts as zero.
    const milliseconds ttl =
        answer.ttl ? std::clamp<milliseconds>(*answer.ttl, options_.ttl_min, options_.ttl_max) : options_.ttl_unknown;
    name.due = steady_clock::now() + ttl;
    name.retry = options_.retry_min;
    name.addresses = answer.addresses;
    if (std::exchange(name.state, Name::State::Resolved) == Name::State::Resolved) return;
    logger_.write(log::Level::Info, "upstream_resolved",
                  {{"host", name.host},
                   {"upstreams", users_of(name)},
                   {"addresses", std::uint64_t{name.addresses.size()}},
                   {"left_out", std::uint64_t{answer.left_out}}});
  }

  void fail(Name& name, const Answer& answer) {
    const double factor = 1.0 - random_.uniform() / 2;
    name.due = steady_clock::now() + std::chrono::ceil<milliseconds>(name.retry * factor);
    name.retry = std::min(name.retry * 2, options_.retry_max);
    if (std::exchange(name.state, Name::State::Failed) == Name::State::Failed) return;
    logger_.write(log::Level::Warn, "upstream_unresolved",
                  {{"host", name.host},
                   {"upstreams", users_of(name)},
                   {"reason", std::string_view(ares_strerror(answer.status))},
                   {"addresses_kept", std::uint64_t{name.addresses.size()}}});
  }

  std::string users_of(const Name& name) const {
    std::string out;
    for (const std::size_t upstream : name.upstreams) {
      if (!out.empty()) out += ", ";
      out += groups_[upstream].upstream;
    }
    return out;
  }

  void publish_if_changed(std::size_t upstream) {
    Group& group = groups_[upstream];
    std::vector<Endpoint> endpoints;
    std::set<Endpoint> seen;
    bool complete = true;
    const auto add = [&](const ip::address& address, std::uint16_t port) {
      if (seen.emplace(address, port).second) endpoints.emplace_back(address, port);
    };
    for (const Host& host : group.hosts) {
      if (host.literal) {
        add(*host.literal, host.port);
        continue;
      }
      const Name& name = names_[host.name];
      if (name.state == Name::State::Unknown) complete = false;
      for (const ip::address& address : name.addresses) add(address, host.port);
    }
    // "No address at all" is news only once every name has been asked for.
    if (endpoints.empty() && !complete) return;
    if (group.published == endpoints) return;
    group.published = std::move(endpoints);
    publish_(upstream, *group.published);
  }

  const Options options_;
  log::Logger& logger_;
  const Publish publish_;
  std::vector<Group> groups_;
  std::vector<Name> names_;
  std::vector<std::unique_ptr<Lookup>> lookups_;
  FastRandom random_;
  int stop_fd_ = -1;
  bool started_ = false;
  std::mutex mutex_;  ///< guards unanswered_; the rest is start()'s until the thread runs, then the thread's
  std::condition_variable answered_;
  std::size_t unanswered_ = 0;
  std::thread thread_;
};

UpstreamResolver::UpstreamResolver(const std::vector<UpstreamConfig>& upstreams, Options options, log::Logger& logger,
                                   Publish publish)
    : impl_(std::make_unique<Impl>(upstreams, std::move(options), logger, std::move(publish))) {}

UpstreamResolver::~UpstreamResolver() = default;

void UpstreamResolver::start() {
  impl_->start();
}

}  // namespace sallyport::api_gateway
