#include "file_limit.hpp"

#include <limits>

#include <sys/resource.h>

namespace sallyport::api_gateway {
namespace {

constexpr std::uint64_t kFilesOfProcess = 32;  ///< standard streams, the log, name look-ups, and some to spare
constexpr std::uint64_t kFilesOfThread = 4;    ///< three of the event loop, one to Redis

}  // namespace

std::uint64_t files_needed(const Config& config, std::uint32_t threads) noexcept {
  std::uint64_t files = kFilesOfProcess + config.limits.connections_max;
  files += threads * (kFilesOfThread + config.listen.size());
  for (const UpstreamConfig& upstream : config.upstreams) {
    files += upstream.max_in_flight;
    files += std::uint64_t{upstream.idle_connections_max} * upstream.hosts.size() * threads;
  }
  return files;
}

std::uint64_t raise_file_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<std::uint64_t>::max();
  const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

}  // namespace sallyport::api_gateway
