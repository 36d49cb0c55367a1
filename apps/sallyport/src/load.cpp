#include "load.hpp"

#include <cstdio>
#include <exception>
#include <filesystem>

#include "sallyport/core/read_file.hpp"
#include "sallyport/runtime/tls.hpp"

namespace sallyport::app {
namespace {
constexpr std::size_t kConfigBytesMax = 1U << 20U;
}  // namespace

std::optional<api_gateway::Config> load_config_file(const std::string& file, api_gateway::ConfigMode mode,
                                                    const api_gateway::Config& base) {
  const auto text = read_file(file, kConfigBytesMax);
  if (!text) {
    std::fprintf(stderr, "sallyport: %s: %s\n", file.c_str(), text.error().c_str());
    return std::nullopt;
  }
  const std::string folder = std::filesystem::path(file).parent_path().string();
  auto loaded = api_gateway::load_config(*text, mode, base, folder);
  std::fputs(api_gateway::format_problems(file, loaded.problems).c_str(), stderr);
  if (!loaded.ok()) return std::nullopt;
  return std::move(loaded.config);
}

std::optional<storage::RedisUrl> usable_redis_url(const std::string& source, std::string_view text,
                                                  bool allow_plaintext) {
  auto url = storage::RedisUrl::parse(text);
  if (!url) {
    std::fprintf(stderr, "sallyport: %s: %s\n", source.c_str(), url.error().detail.c_str());
    return std::nullopt;
  }
  if (url->transport == storage::RedisUrl::Transport::Tcp && !url->is_loopback() && !allow_plaintext) {
    std::fprintf(
        stderr,
        "sallyport: %s: redis:// to %s would send counters and the password in the clear; use rediss://, or set "
        "allow_plaintext: true\n",
        source.c_str(), url->endpoint().c_str());
    return std::nullopt;
  }
  try {
    if (url->transport == storage::RedisUrl::Transport::Tls)
      runtime::make_client_tls({url->ca_file, url->certificate_file, url->private_key_file});
  } catch (const std::exception& unusable) {
    std::fprintf(stderr, "sallyport: %s: %s\n", source.c_str(), unusable.what());
    return std::nullopt;
  }
  return std::move(*url);
}

std::optional<storage::DatabaseUrl> usable_database_url(const std::string& source, std::string_view text,
                                                        bool allow_plaintext) {
  auto url = storage::DatabaseUrl::parse(text);
  const auto usable = url ? url->check_transport(allow_plaintext) : Result<void>(std::unexpected(url.error()));
  if (usable) return std::move(*url);
  std::fprintf(stderr, "sallyport: %s: %s\n", source.c_str(), usable.error().detail.c_str());
  return std::nullopt;
}

}  // namespace sallyport::app
