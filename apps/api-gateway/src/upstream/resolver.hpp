#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "sallyport/api_gateway/config.hpp"
#include "sallyport/observability/log.hpp"

namespace sallyport::api_gateway {

/// Addresses taken from one look-up of one name; what an answer holds beyond them is left out, the same ones each time.
inline constexpr std::size_t kAddressesPerNameMax = 64;
/// Names asked for at the same time; the others wait their turn.
inline constexpr std::size_t kLookupsMax = 32;
/// A look-up that has not ended by then has failed, however many servers and search domains there are.
inline constexpr std::chrono::milliseconds kLookupLimit{15000};

/// Keeps the addresses of upstreams current: a literal address is published once, a name is looked up (A and AAAA,
/// after /etc/hosts) again whenever the TTL of its last answer has run out (RFC 1035 section 3.2.1, RFC 2181 section
/// 8). One background thread for the whole process, none when there are no names. An upstream's list is the union over
/// its hosts in the order of the config, without duplicates; a name's own addresses are sorted, so that a server that
/// rotates its answers does not look like a change. A name that cannot be looked up keeps its last addresses.
/// Logs: `upstream_resolved` and `upstream_unresolved` when a name changes between the two.
class UpstreamResolver final {
 public:
  /// `upstream` is the index in the list given to the constructor. Called by start() and then by the background thread,
  /// never by both at a time, and only with a list that differs from the last; the first list may be empty. Must not
  /// throw, and must be quick: every other name waits for it.
  using Publish =
      std::function<void(std::size_t upstream, const std::vector<boost::asio::ip::tcp::endpoint>& endpoints)>;

  struct Options {
    std::string server{};  ///< "address:port" or "[v6]:port" to ask instead of the system's; empty: /etc/resolv.conf
    std::chrono::milliseconds ttl_min{1000}, ttl_max{300000};  ///< bounds of what an answer may say
    std::chrono::milliseconds ttl_unknown{30000};              ///< for names in /etc/hosts, which have no TTL
    /// After a failed look-up: the wait doubles from the one to the other, less up to a half at random.
    std::chrono::milliseconds retry_min{500}, retry_max{30000};
    std::chrono::milliseconds start_wait{2000};  ///< start() waits at most this long for the first answers
    /// For the first of two tries at each server; the second waits twice as long.
    std::chrono::milliseconds query_timeout{1000};
  };

  /// The logger must outlive the resolver. Throws std::invalid_argument when `server` is not an address and a port, and
  /// std::system_error when the kernel has no file descriptor left.
  UpstreamResolver(const std::vector<UpstreamConfig>& upstreams, Options options, log::Logger& logger, Publish publish);
  /// Ends the thread, also in the middle of a look-up; nothing is published afterwards.
  ~UpstreamResolver();
  UpstreamResolver(const UpstreamResolver&) = delete;
  UpstreamResolver& operator=(const UpstreamResolver&) = delete;

  /// Publishes literals, starts the thread when there are names, and returns when each name has had its first answer,
  /// good or bad, or when `start_wait` is over. Call once.
  void start();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::api_gateway
